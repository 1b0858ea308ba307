/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process asks of perf_event_open(2). */
#ifndef KVIEW_SUPERVISE_PERF_REQUEST_H
#define KVIEW_SUPERVISE_PERF_REQUEST_H

#include <linux/perf_event.h>
#include <stdint.h>
#include <sys/types.h>

#include "supervise/call.h"

/* Type numbers of perf's dynamic event sources; UINT32_MAX where the kernel has none. */
struct perf_types {
	uint32_t kprobe;
	uint32_t uprobe;
};

void perf_types_read(struct perf_types *ret_types);

/* The arguments, copied. */
struct perf_request {
	union {
		struct perf_event_attr attr;
		char bytes[4096]; /* as much as the kernel takes */
	};
	pid_t pid;
	int cpu;
	int group_fd;
	unsigned long flags;
};

/* -EFAULT, -E2BIG: the kernel would not take it either */
int perf_request_read(const struct call *call, struct perf_request *ret_request);

#endif /* KVIEW_SUPERVISE_PERF_REQUEST_H */
