/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where Prometheus, browsers and others ask. It has no thread of its own: whoever owns it watches its descriptor. */
#ifndef KVIEW_MONITOR_ENDPOINT_H
#define KVIEW_MONITOR_ENDPOINT_H

#include <stdio.h>
#include <sys/socket.h>

#include "hosts.h"
#include "util/cleanup.h"

struct endpoint;

enum endpoint_page {
	ENDPOINT_METRICS, /* /metrics, for Prometheus */
	ENDPOINT_JSON,	  /* /metrics.json, a line for each series */
	/* What tells more than counts is for those who have the key of the page. */
	ENDPOINT_SESSIONS, /* /sessions.json: who is connected with whom */
	ENDPOINT_FLAME,	   /* /flame.svg?target=NAME: what code runs */
};

/*
 * Write what is to be answered to GET of @page; @target is "" unless the request has one. -EINPROGRESS is answered by
 * 202, -EBUSY by 409, -ENOENT by 404, and anything else but 0 by 500; what has been written goes with it.
 */
typedef int (*endpoint_fn)(enum endpoint_page page, const char *target, FILE *out, void *data);

struct endpoint_options {
	const struct sockaddr_storage *address;
	const struct hosts *hosts; /* must live until it is set anew or the endpoint ends */
	const char *key_file;	   /* where the page's address and key are written, see page/key.h */
};

/* -EADDRINUSE, -EACCES... Where the key cannot be written, nobody has it, and endpoint_key_error() tells why. */
int endpoint_open(const struct endpoint_options *options, endpoint_fn fn, void *data, struct endpoint **ret_endpoint);
void endpoint_close(struct endpoint *endpoint);
DEFINE_CLEANUP(struct endpoint *, endpoint_close)

void endpoint_set_hosts(struct endpoint *endpoint, const struct hosts *hosts);

int endpoint_key_error(const struct endpoint *endpoint);

/* Poll this for input, for at most so many milliseconds (-1: for ever), and call endpoint_run() then. */
int endpoint_fd(const struct endpoint *endpoint);
int endpoint_timeout(const struct endpoint *endpoint);
void endpoint_run(struct endpoint *endpoint);

#endif /* KVIEW_MONITOR_ENDPOINT_H */
