/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to one server, one after the other. */
#ifndef KVIEW_MONITOR_PUSH_POST_H
#define KVIEW_MONITOR_PUSH_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body.h"
#include "protocol.h"
#include "util/cleanup.h"

struct post;

enum post_outcome {
	POST_TAKEN,
	POST_REFUSED, /* and would be again */
	POST_LATER, /* could not be reached, or said so */
};

struct post_result {
	enum post_outcome outcome;
	uint64_t rejected; /* of the points that were taken with the rest */
	uint64_t wait_ms; /* what the server asks for before it is tried again; 0: nothing */
	int problem; /* 0: none; else the same number for the same one */
	char why[200]; /* ... in a line */
};

/* @address: the URL, and headers, each ended by a line feed. -EINVAL, -ENOMEM */
int post_open(enum push_kind kind, enum body_encoding encoding, const char *address, uint64_t timeout_ms,
	      struct post **ret_post);
void post_close(struct post *post);
DEFINE_CLEANUP(struct post *, post_close)

/* Send a body, which has to stay until there is a result. Only when none is on its way. -EIO */
int post_begin(struct post *post, const uint8_t *bytes, size_t len);
bool post_busy(const struct post *post);

/* Wait for news of the request, for input at @fd (-1: none), or for so long. */
void post_wait(struct post *post, int fd, uint64_t timeout_ms);

/* Whether the request has come to an end. */
bool post_end(struct post *post, struct post_result *ret_result);

#endif /* KVIEW_MONITOR_PUSH_POST_H */
