/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a BPF program so many times a second in chosen threads while they are on a CPU. Nobody else is interrupted. */
#ifndef KVIEW_MONITOR_SAMPLER_H
#define KVIEW_MONITOR_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sampler {
	int program; /* of type perf_event; the caller's */
	unsigned int hz;
	int *events;
	size_t count;
};

void sampler_deinit(struct sampler *sampler);

/* All threads of process @pid, those it will have, and, with @tree, all its descendants, now and later. -ESRCH */
int sampler_add_process(struct sampler *sampler, pid_t pid, bool tree);

/* All threads in the cgroup (v2) of directory @fd and below it. Processors that come later are not seen. */
int sampler_add_cgroup(struct sampler *sampler, int fd);

#endif /* KVIEW_MONITOR_SAMPLER_H */
