// SPDX-License-Identifier: GPL-2.0-only
#include "join.h"

#include <linux/cleanup.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "compat/cleanup.h"
#include "image.h"
#include "member.h"
#include "threads.h"
#include "view.h"

static int refuse(int err, u32 reason, u32 *why)
{
	*why = reason;
	return err;
}

/* Who asks, of which process, and how. */
struct change {
	struct kview_view *view;
	struct task_struct *task; /* any thread of the process; with KVIEW_MEMBER_THREAD the one that is meant */
	u8 reasons;
	u32 *why;
	struct kview_mm **record; /* for whoever is no member yet; not needed to leave */
};

static int join_process(const struct change *change, struct mm_struct *mm)
{
	struct kview_mm *member = kview_member_find(mm);
	struct kview_view *view = change->view;
	u8 had = member ? kview_set_get(member->set, view) : 0, reasons = change->reasons;
	struct kview_set *set;
	int err;

	if ((had & reasons) == reasons)
		return refuse(-EEXIST, KVIEW_WHY_ALREADY_MEMBER, change->why);
	if (reasons & KVIEW_MEMBER_FOLLOW) {
		err = kview_image_follow(view);
		if (err)
			return err;
	}
	set = kview_set_copy(member ? member->set : NULL, 1);
	if (!set)
		return -ENOMEM;
	kview_set_put(set, view, had | reasons);
	err = kview_member_show(mm, change->task, set, change->record);
	if (err)
		kview_set_free(set);
	else if (!had)
		view->joined++;
	return err;
}

static int join_thread(const struct change *change, struct mm_struct *mm)
{
	struct kview_mm *member = kview_member_find(mm);
	const struct kview_threads *had = member ? kview_set_threads(member->set, change->view) : NULL;
	struct kview_threads *threads;
	int err;

	if (kview_threads_has(had, change->task))
		return refuse(-EEXIST, KVIEW_WHY_ALREADY_MEMBER, change->why);
	if (had && had->count == KVIEW_THREADS_MAX)
		return refuse(-E2BIG, KVIEW_WHY_TOO_MANY_THREADS, change->why);
	threads = kview_threads_with(had, change->task);
	if (!threads)
		return -ENOMEM;
	err = kview_member_show_to(mm, change->task, change->view, threads, change->record);
	if (err)
		return err;
	/* Its end may have gone by before it saw the image, in which that is noticed. */
	if (READ_ONCE(change->task->flags) & PF_EXITING) {
		kview_member_leave_thread(kview_member_find(mm), change->view, change->task);
		return refuse(-ESRCH, KVIEW_WHY_THREAD_EXITING, change->why);
	}
	change->view->joined++;
	return 0;
}

static int join(const struct change *change, struct mm_struct *mm)
{
	return change->reasons & KVIEW_MEMBER_THREAD ? join_thread(change, mm) : join_process(change, mm);
}

static struct mm_struct *mm_of(const struct change *change)
{
	bool is_thread = change->reasons & KVIEW_MEMBER_THREAD;
	struct mm_struct *mm;

	if (change->task->flags & PF_KTHREAD) {
		*change->why = KVIEW_WHY_KERNEL_THREAD;
		return ERR_PTR(-EINVAL);
	}
	mm = is_thread ? get_task_mm(change->task) : kview_member_mm(change->task);
	if (mm)
		return mm;
	*change->why = is_thread ? KVIEW_WHY_THREAD_EXITING : KVIEW_WHY_EXITING;
	return ERR_PTR(-ESRCH);
}

/* Killable, and without kview_lock, for which all members wait. */
static int reserve(struct mm_struct *mm, struct kview_mm **ret_record)
{
	struct kview_mm *record;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	record = kview_member_reserve(mm);
	mmap_write_unlock(mm);
	if (IS_ERR(record))
		return PTR_ERR(record);
	*ret_record = record;
	return 0;
}

static int add(const struct change *change)
{
	struct mm_struct *mm = mm_of(change);
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	err = reserve(mm, change->record);
	if (!err) {
		mutex_lock(&kview_lock);
		err = join(change, mm);
		mutex_unlock(&kview_lock);
	}
	/* After the lock: the last reference runs on_release(), which takes it. */
	mmput(mm);
	return err;
}

/*
 * A process in the middle of exec still shows its old address space, past the point where its views would be passed on.
 * exec holds this mutex until the new one is in place, as ptrace_attach() knows; it takes kview_lock inside, so do we.
 */
static int outside_exec(const struct change *change, int (*make)(const struct change *change))
{
	struct mutex *exec = &change->task->signal->cred_guard_mutex;
	int err;

	/* Killable: a caller that is a thread of the process that execs has to die first. */
	if (mutex_lock_killable(exec))
		return -EINTR;
	err = make(change);
	mutex_unlock(exec);
	return err;
}

int kview_join(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why)
{
	struct kview_mm *record __free(kview_record) = NULL;
	struct change change = { .view = view, .task = task, .reasons = reasons, .why = why, .record = &record };
	int err = outside_exec(&change, add);

	if (err && *why == KVIEW_WHY_NONE)
		*why = kview_image_why(err);
	return err;
}

static int leave(const struct change *change, struct mm_struct *mm)
{
	struct kview_mm *member = kview_member_find(mm);
	u8 had = member ? kview_set_get(member->set, change->view) & change->reasons : 0;

	if (!had)
		return refuse(-ENOENT, KVIEW_WHY_NOT_MEMBER, change->why);
	if (!(had & KVIEW_MEMBER_THREAD)) {
		kview_member_leave(member, change->view, had);
		return 0;
	}
	if (!kview_threads_has(kview_set_threads(member->set, change->view), change->task))
		return refuse(-ENOENT, KVIEW_WHY_NOT_MEMBER, change->why);
	return kview_member_leave_thread(member, change->view, change->task);
}

static int remove(const struct change *change)
{
	struct mm_struct *mm = mm_of(change);
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	mutex_lock(&kview_lock);
	err = leave(change, mm);
	mutex_unlock(&kview_lock);
	mmput(mm);
	return err;
}

int kview_leave(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why)
{
	struct change change = { .view = view, .task = task, .reasons = reasons, .why = why };

	return outside_exec(&change, remove);
}
