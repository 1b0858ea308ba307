/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ids of tracepoints in perf_event_open(2) mean on the running kernel. */
#ifndef KVIEW_EXEC_TRACEFS_H
#define KVIEW_EXEC_TRACEFS_H

#include <stddef.h>
#include <stdint.h>

#include "hook.h"

struct tracepoint {
	uint64_t id;
	char *category;
	char *name;
};

/* All tracepoints seen so far. Zeroed at first. */
struct tracepoints {
	struct tracepoint *list;
	size_t count;
};

/* The one of this id; new ones (of kprobe_events) are found, too. -ENOENT. */
int tracepoints_find(struct tracepoints *points, uint64_t id, const struct tracepoint **ret_point);
void tracepoints_deinit(struct tracepoints *points);

/*
 * Where a program on this tracepoint belongs: a system call's end, the function behind a line of kprobe_events, or the
 * tracepoint itself. -EXDEV: it is a uprobe, of uprobe_events.
 */
int tracepoint_hook(const struct tracepoint *point, struct hook **ret_hook);

#endif /* KVIEW_EXEC_TRACEFS_H */
