/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads: those tasks of one process that see a view which the process as a whole does not see.
 *
 * A list never changes; stubs compare the current task with it. Each list holds its tasks, so no address in it can become
 * that of another task while a stub has it. Two lists with the same tasks are two lists.
 */
#ifndef KVIEW_THREADS_H
#define KVIEW_THREADS_H

#include <linux/refcount.h>
#include <linux/types.h>

struct task_struct;

struct kview_threads {
	refcount_t refs;
	u32 count;
	struct task_struct *tasks[];
};

/* A list of @threads (NULL: none) and @task. NULL: no memory. */
struct kview_threads *kview_threads_with(const struct kview_threads *threads, struct task_struct *task);

/* The same without @task, which must not be the only one. NULL: no memory. */
struct kview_threads *kview_threads_without(const struct kview_threads *threads, const struct task_struct *task);

/* NULL is allowed for both. */
struct kview_threads *kview_threads_get(struct kview_threads *threads);
void kview_threads_put(struct kview_threads *threads);

static inline bool kview_threads_has(const struct kview_threads *threads, const struct task_struct *task)
{
	u32 i;

	for (i = 0; threads && i < threads->count; i++) {
		if (threads->tasks[i] == task)
			return true;
	}
	return false;
}

/* Are there any lists? */
bool kview_threads_exist(void);

#endif
