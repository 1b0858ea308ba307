/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where Prometheus, browsers and others ask. It has no thread of its own: whoever owns it watches its descriptor. */
#ifndef KVIEW_MONITOR_ENDPOINT_H
#define KVIEW_MONITOR_ENDPOINT_H

#include <stdio.h>
#include <sys/socket.h>

#include "util/cleanup.h"

struct endpoint;

enum endpoint_page {
	ENDPOINT_METRICS, /* /metrics, for Prometheus */
	ENDPOINT_JSON,	  /* /metrics.json, a line for each series */
};

/* Write what is to be answered to GET of @page. Anything but 0 is answered by 500. */
typedef int (*endpoint_fn)(enum endpoint_page page, FILE *out, void *data);

/* -EADDRINUSE, -EACCES... */
int endpoint_open(const struct sockaddr_storage *address, endpoint_fn fn, void *data, struct endpoint **ret_endpoint);
void endpoint_close(struct endpoint *endpoint);
DEFINE_CLEANUP(struct endpoint *, endpoint_close)

/* Poll this for input, for at most so many milliseconds (-1: for ever), and call endpoint_run() then. */
int endpoint_fd(const struct endpoint *endpoint);
int endpoint_timeout(const struct endpoint *endpoint);
void endpoint_run(struct endpoint *endpoint);

#endif /* KVIEW_MONITOR_ENDPOINT_H */
