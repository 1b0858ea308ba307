// SPDX-License-Identifier: GPL-2.0-only
#include "crowd.h"

#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <kview.h>

#include "cgroup.h"
#include "compat/cleanup.h"
#include "compat/mmap_lock.h"
#include "member.h"
#include "view.h"

#define BUSY_TIME msecs_to_jiffies(20) /* for who has many threads: their faults hold an address space for moments */

/* The address space of the process; only to be compared. NULL when it exits: who has begun to may be out already. */
static struct mm_struct *peek_mm(struct task_struct *task)
{
	struct task_struct *thread;
	struct mm_struct *mm;

	for_each_thread(task, thread) {
		mm = READ_ONCE(thread->mm);
		if (mm && !(READ_ONCE(thread->flags) & PF_EXITING))
			return mm;
	}
	return NULL;
}

/* Is the process of @task to be made a member of one view or more? Under kview_lock and RCU. */
static bool has_to_join(struct task_struct *task)
{
	struct mm_struct *mm = task->flags & PF_KTHREAD ? NULL : peek_mm(task);
	struct kview_mm *member;
	struct kview_view *view;

	if (!mm)
		return false;
	member = kview_member_find(mm);
	list_for_each_entry(view, &kview_views, node) {
		if (kview_cgroup_wants(view, task) &&
		    !(member && kview_set_get(member->set, view) & KVIEW_MEMBER_CGROUP))
			return true;
	}
	return false;
}

struct crowd {
	u32 count;
	struct task_struct *tasks[];
};

static void crowd_free(struct crowd *crowd)
{
	while (crowd && crowd->count)
		put_task_struct(crowd->tasks[--crowd->count]);
	kvfree(crowd);
}

DEFINE_FREE(crowd, struct crowd *, crowd_free(_T))

static u32 count_crowd(void)
{
	struct task_struct *task;
	u32 count = 0;

	guard(rcu)();
	for_each_process(task)
		count += has_to_join(task);
	return count;
}

/* Processes that have to join, and have a reference each. NULL: none, or no memory. */
static struct crowd *find_crowd(bool *ret_no_memory)
{
	struct crowd *crowd;
	struct task_struct *task;
	u32 room;

	guard(mutex)(&kview_lock);
	room = count_crowd();
	if (!room)
		return NULL;
	crowd = kvzalloc(struct_size(crowd, tasks, room), GFP_KERNEL);
	if (!crowd) {
		*ret_no_memory = true;
		return NULL;
	}
	guard(rcu)();
	for_each_process(task) {
		if (crowd->count < room && has_to_join(task)) {
			get_task_struct(task);
			crowd->tasks[crowd->count++] = task;
		}
	}
	return crowd;
}

static int join_locked(struct task_struct *task, struct mm_struct *mm, struct kview_mm **record)
{
	struct kview_mm *member = kview_member_find(mm);
	struct kview_set *old = member ? member->set : NULL, *set = kview_set_copy(old, kview_cgroup_views());
	int err;
	u32 i;

	if (!set)
		return -ENOMEM;
	scoped_guard(rcu) {
		if (peek_mm(task) != mm) {
			kview_set_free(set);
			return -ESRCH;
		}
	}
	kview_cgroup_put(set, task);
	for (i = 0; i < set->count; i++)
		set->views[i]->joined += !kview_set_get(old, set->views[i]);
	err = kview_member_show(mm, task, set, record);
	if (!err)
		return 0;
	for (i = 0; i < set->count; i++) {
		set->views[i]->joined -= !kview_set_get(old, set->views[i]);
		set->views[i]->cgroup_err = err;
	}
	kview_set_free(set);
	return err;
}

/* -EBUSY: a fault holds it for longer than the others in the crowd should wait. */
static struct kview_mm *reserve(struct mm_struct *mm)
{
	unsigned long until = jiffies + BUSY_TIME;
	struct kview_mm *record;

	while (!kview_mmap_write_trylock(mm)) {
		if (time_after(jiffies, until))
			return ERR_PTR(-EBUSY);
		usleep_range(100, 1000);
	}
	record = kview_member_reserve(mm);
	mmap_write_unlock(mm);
	return record;
}

static int join_mm(struct task_struct *task, struct mm_struct *mm)
{
	struct kview_mm *record __free(kview_record) = reserve(mm);

	if (IS_ERR(record))
		return PTR_ERR(record);
	guard(mutex)(&kview_lock);
	return join_locked(task, mm, &record);
}

/* -EBUSY, too: it is in the middle of an exec, and still shows the address space that it is about to leave. */
static int join(struct task_struct *task)
{
	struct mm_struct *mm;
	int err;

	/* Never waited for: exec may wait for whoever waits for us. */
	if (!mutex_trylock(&task->signal->cred_guard_mutex))
		return -EBUSY;
	mm = kview_member_mm(task);
	if (mm) {
		err = join_mm(task, mm);
		mmput(mm);
	} else {
		err = -ESRCH; /* exits */
	}
	mutex_unlock(&task->signal->cred_guard_mutex);
	return err;
}

void kview_crowd_join(struct kview_crowd_outcome *outcome)
{
	struct crowd *crowd __free(crowd) = find_crowd(&outcome->no_memory);
	u32 i;

	for (i = 0; crowd && i < crowd->count; i++) {
		int err = join(crowd->tasks[i]);

		outcome->joined += !err;
		outcome->busy |= err == -EBUSY;
		outcome->no_memory |= err && err != -EBUSY && err != -ESRCH;
		cond_resched();
	}
}

static void leave_if_out(struct kview_mm *member)
{
	struct task_struct *task;
	struct kview_view *view;
	u32 i;

	rcu_read_lock();
	task = pid_task(member->tgid, PIDTYPE_TGID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	/* Its first owner has ended, and others use the address space on: it ends with that. */
	if (!task)
		return;
	for (i = member->set->count; i-- > 0;) {
		view = member->set->views[i];
		if (!(member->set->reasons[i] & KVIEW_MEMBER_CGROUP) || kview_cgroup_wants(view, task))
			continue;
		/* The last one: the member is gone, and with it the set. */
		if (kview_member_leave(member, view, KVIEW_MEMBER_CGROUP))
			break;
	}
	put_task_struct(task);
}

void kview_crowd_leave(void)
{
	kview_member_each(leave_if_out);
}
