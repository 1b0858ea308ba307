// SPDX-License-Identifier: GPL-2.0-only
#include "threads.h"

#include <linux/atomic.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

static atomic_t lists = ATOMIC_INIT(0);

static struct kview_threads *new_list(u32 room)
{
	struct kview_threads *threads = kzalloc(struct_size(threads, tasks, room), GFP_KERNEL);

	if (!threads)
		return NULL;
	refcount_set(&threads->refs, 1);
	atomic_inc(&lists);
	return threads;
}

static void append(struct kview_threads *threads, struct task_struct *task)
{
	get_task_struct(task);
	threads->tasks[threads->count++] = task;
}

/* All of @from but @without. */
static void copy(struct kview_threads *threads, const struct kview_threads *from, const struct task_struct *without)
{
	u32 i;

	for (i = 0; from && i < from->count; i++) {
		if (from->tasks[i] != without)
			append(threads, from->tasks[i]);
	}
}

struct kview_threads *kview_threads_with(const struct kview_threads *threads, struct task_struct *task)
{
	struct kview_threads *list = new_list((threads ? threads->count : 0) + 1);

	if (!list)
		return NULL;
	copy(list, threads, NULL);
	append(list, task);
	return list;
}

struct kview_threads *kview_threads_without(const struct kview_threads *threads, const struct task_struct *task)
{
	struct kview_threads *list = new_list(threads->count);

	if (list)
		copy(list, threads, task);
	return list;
}

struct kview_threads *kview_threads_get(struct kview_threads *threads)
{
	if (threads)
		refcount_inc(&threads->refs);
	return threads;
}

void kview_threads_put(struct kview_threads *threads)
{
	if (!threads || !refcount_dec_and_test(&threads->refs))
		return;
	while (threads->count)
		put_task_struct(threads->tasks[--threads->count]);
	kfree(threads);
	atomic_dec(&lists);
}

bool kview_threads_exist(void)
{
	return atomic_read(&lists);
}
