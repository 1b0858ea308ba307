/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seccomp filter of the tool: which of its system calls are handed to us. The kernel remembers for which system calls
 * a filter needs no look at arguments, so all but bpf(2), perf_event_open(2), ioctl(2) and setsockopt(2) cost the tool nothing.
 */
#ifndef KVIEW_EXEC_FILTER_H
#define KVIEW_EXEC_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

/* The filter's instructions. */
const struct sock_filter *exec_filter(size_t *ret_count);

/* Put the calling thread and all it forks under the filter. Returns the listener's descriptor or a negative errno. */
int exec_filter_install(void);

#endif /* KVIEW_EXEC_FILTER_H */
