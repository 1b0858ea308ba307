/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Perf events the tool has opened for a hook and not yet given a program. What it holds meanwhile is a real perf event
 * of the kind that counts nothing, so that all it may do with one works. The kernel's number of that event leads here.
 */
#ifndef KVIEW_EXEC_PENDING_H
#define KVIEW_EXEC_PENDING_H

#include <stdint.h>
#include <sys/queue.h>

#include "hook.h"

struct pending_event {
	LIST_ENTRY(pending_event) entry;
	uint64_t id;
	struct hook *hook;
};

LIST_HEAD(pending, pending_event);

/* A perf event that counts nothing, for a tool to do with what it likes. */
int pending_dummy(void);

/* Open an event for @hook, which becomes the list's, and return its descriptor, which the caller hands to the tool. */
int pending_open(struct pending *pending, struct hook *hook);

/* The hook of the event that @fd is; NULL: it is some other event. */
struct hook *pending_find(const struct pending *pending, int fd);

/* Forget the event that @fd is: the tool has a link in its place. */
void pending_forget(struct pending *pending, int fd);
void pending_deinit(struct pending *pending);

#endif /* KVIEW_EXEC_PENDING_H */
