/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the function graph tracer keeps the return addresses it took from a task's stack. Since Linux kernel commit
 * 42675b723b48 ("function_graph: Convert ret_stack to a series of longs") (in v6.11) its stack is made of words.
 */
#ifndef KVIEW_COMPAT_GRAPH_H
#define KVIEW_COMPAT_GRAPH_H

#include <linux/ftrace.h>
#include <linux/sched.h>
#include <linux/version.h>

/* False: nothing is kept for @task, which must not run meanwhile unless it is current. */
static inline bool kview_graph_stack(struct task_struct *task, unsigned long **ret_from, unsigned long **ret_end)
{
#ifdef CONFIG_FUNCTION_GRAPH_TRACER
	if (!task->ret_stack)
		return false;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	*ret_from = task->ret_stack;
	*ret_end = *ret_from + task->curr_ret_stack;
#else
	*ret_from = (unsigned long *)task->ret_stack;
	*ret_end = (unsigned long *)&task->ret_stack[task->curr_ret_stack + 1];
#endif
	return true;
#else
	return false;
#endif
}

#endif
