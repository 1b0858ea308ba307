/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does perf write down an event of this task already? Then it writes no other. For task context, with preemption off.
 *
 * Since Linux kernel commit "perf: Move swevent_htable::recursion into task_struct." (in v6.11) the task knows, before
 * that the CPU, in a record private to kernel/events/core.c.
 */
#ifndef KVIEW_COMPAT_PERF_H
#define KVIEW_COMPAT_PERF_H

#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/version.h>

#include "compat/symbols.h"

static inline bool kview_perf_is_recursing(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	return current->perf_recursion[0];
#else
	int context = perf_swevent_get_recursion_context();

	if (context >= 0)
		kview_call(perf_swevent_put_recursion_context)(context);
	return context < 0;
#endif
}

#endif
