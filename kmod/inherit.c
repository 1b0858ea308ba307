// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the address spaces see that members make: at fork for the child, at exec for themselves.
 *
 * Both are learned of inside the member's own images, so nobody else executes an instruction for it. A vfork child uses
 * its parent's address space, and gets its own at exec: it inherits there, from a member it does not own.
 */
#include <linux/cleanup.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cgroup.h"
#include "member.h"
#include "threads.h"
#include "view.h"

static bool has_first(const struct kview_threads *threads)
{
	u32 i;

	for (i = 0; threads && i < threads->count; i++) {
		if (thread_group_leader(threads->tasks[i]))
			return true;
	}
	return false;
}

/* Whichever thread execs goes on as the first one, and under its id. */
static bool put_first(struct kview_set *set, struct kview_view *view, struct task_struct *task)
{
	struct kview_threads *threads = kview_threads_with(NULL, task);

	if (threads)
		kview_set_put_threads(set, view, threads);
	return threads;
}

/* What the new address space of @task is to see. It gets it from @from: as its owner, or as another process that it made. */
static struct kview_set *inherited(const struct kview_mm *from, struct task_struct *task, bool owner)
{
	struct kview_set *set = kview_set_new(from->set->count + kview_cgroup_views());
	u32 i;

	if (!set)
		return NULL;
	for (i = 0; i < from->set->count; i++) {
		u8 reasons = from->set->reasons[i] & ~(KVIEW_MEMBER_CGROUP | KVIEW_MEMBER_THREAD);

		if (owner || reasons & KVIEW_MEMBER_FOLLOW)
			kview_set_put(set, from->set->views[i], reasons);
		if (owner && has_first(from->set->threads[i]) && !put_first(set, from->set->views[i], task)) {
			kview_set_free(set);
			return NULL;
		}
	}
	/* Its own cgroup counts, which need not be that of the process that made it. */
	kview_cgroup_put(set, task);
	return set;
}

/* Add @by for each view that is new to the process: @had is what it sees already, or NULL. */
static void count_joined(const struct kview_set *set, const struct kview_set *had, int by)
{
	u32 i;

	for (i = 0; i < set->count; i++) {
		if (!kview_set_get(had, set->views[i]))
			set->views[i]->joined += by;
	}
}

/* Who execs was a member before; a child may be one already, if the worker for cgroups has met it first. */
static const struct kview_set *seen_before(const struct kview_mm *from, const struct mm_struct *mm, bool owner)
{
	const struct kview_mm *there = kview_member_find(mm);

	if (owner)
		return from->set;
	return there ? there->set : NULL;
}

static void count_lost(const struct kview_set *set)
{
	u32 i;

	for (i = 0; i < set->count; i++)
		set->views[i]->lost++;
}

/* Nobody has had the time to keep a new address space busy. */
static struct kview_mm *reserve(struct mm_struct *mm)
{
	struct kview_mm *record;

	mmap_write_lock(mm);
	record = kview_member_reserve(mm);
	mmap_write_unlock(mm);
	return record;
}

static void pass_on(const struct kview_mm *from, struct task_struct *task, struct mm_struct *mm)
{
	struct kview_mm *record __free(kview_record) = reserve(mm);
	bool owner = from->tgid == task_tgid(task);
	struct kview_set *set = IS_ERR(record) ? NULL : inherited(from, task, owner);

	if (!set) {
		/* Rather too many than none. */
		count_lost(from->set);
		return;
	}
	if (!set->count) {
		kview_set_free(set);
		return;
	}
	/* Before: success frees what was seen before. */
	count_joined(set, seen_before(from, mm, owner), 1);
	if (!kview_member_show(mm, task, set, &record))
		return;
	count_joined(set, seen_before(from, mm, owner), -1);
	count_lost(set);
	kview_set_free(set);
}

void kview_member_exec(struct task_struct *task, struct mm_struct *mm)
{
	struct kview_mm *from;

	guard(mutex)(&kview_lock);
	from = kview_member_find(task->mm);
	if (from)
		pass_on(from, task, mm);
}

bool kview_member_fork(struct task_struct *child)
{
	struct kview_mm *from;

	/* Threads, vfork children and io_uring workers share what the member sees. */
	if (!child->mm || child->mm == current->mm)
		return false;
	guard(mutex)(&kview_lock);
	from = kview_member_find(current->mm);
	if (from)
		pass_on(from, child, child->mm);
	return true;
}
