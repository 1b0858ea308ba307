/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debian's kernels begin with kernel.perf_event_paranoid at 3, where perf_event_open(2) takes CAP_SYS_ADMIN, and uprobes
 * and samples are perf events. So that the daemon need not keep that, a process that does nothing else keeps it: calls of
 * perf_event_open() by the daemon and what it forks are handed over by seccomp(2), whether libbpf makes them or we.
 */
#ifndef KVIEW_MONITOR_PERF_OPENER_H
#define KVIEW_MONITOR_PERF_OPENER_H

#include <stdbool.h>
#include <sys/types.h>

/* Is that so here, now? */
bool perf_opener_is_needed(void);

/*
 * Start the process, kview-perf, and put the caller, which must be its only thread, under the filter. It opens a CPU clock
 * in other processes' threads, and uprobes; all else the kernel decides on by the caller's own rights. -EBUSY: another
 * filter's supervisor is there; -EPERM: without CAP_SYS_ADMIN there is nothing to keep. Then all is as before.
 */
int perf_opener_start(pid_t *ret_opener);

/* Has it ended? Then no perf event can be opened any more (ENOSYS); *@opener becomes 0. */
bool perf_opener_has_ended(pid_t *opener);

void perf_opener_stop(pid_t opener);

#endif /* KVIEW_MONITOR_PERF_OPENER_H */
