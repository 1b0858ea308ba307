// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock order: watch_lock -> what registering a tracepoint takes; cred_guard_mutex and cgroup_mutex -> kview_lock -> css_set
 * and RCU. So nobody asks for a path, which takes cgroup_mutex, while holding kview_lock. The probes, which run under
 * cgroup_mutex and a spinlock, only wake the worker.
 */
#include "cgroup.h"

#include <linux/cgroup.h>
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/nsproxy.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <kview.h>

#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "image.h"
#include "member.h"
#include "scout.h"
#include "view.h"

#define BUSY_DELAY msecs_to_jiffies(10)	  /* a process is in the middle of an exec */
#define MEMORY_DELAY msecs_to_jiffies(500) /* there is no memory for one */

struct kview_cgroup_ref {
	struct list_head node; /* in its view */
	struct cgroup *cgroup;
};

/* --- who is in ------------------------------------------------------------------------------------------------------ */

static bool is_wanted(const struct kview_view *view, struct task_struct *task)
{
	struct kview_cgroup_ref *ref;
	struct cgroup *cgroup;

	guard(rcu)();
	cgroup = task_dfl_cgroup(rcu_dereference(task->group_leader));
	list_for_each_entry(ref, &view->cgroups, node) {
		if (cgroup_is_descendant(cgroup, ref->cgroup))
			return true;
	}
	return false;
}

u32 kview_cgroup_views(void)
{
	struct kview_view *view;
	u32 count = 0;

	list_for_each_entry(view, &kview_views, node)
		count += !list_empty(&view->cgroups);
	return count;
}

void kview_cgroup_put(struct kview_set *set, struct task_struct *task)
{
	struct kview_view *view;

	list_for_each_entry(view, &kview_views, node) {
		if (is_wanted(view, task))
			kview_set_put(set, view, kview_set_get(set, view) | KVIEW_MEMBER_CGROUP);
	}
}

/* --- making it true ------------------------------------------------------------------------------------------------- */

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
		if (!list_empty(&view->cgroups) && is_wanted(view, task) &&
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

static int join_locked(struct task_struct *task, struct mm_struct *mm)
{
	struct kview_mm *member = kview_member_find(mm);
	struct kview_set *old = member ? member->set : NULL, *set = kview_set_new((old ? old->count : 0) + kview_cgroup_views());
	int err;
	u32 i;

	if (!set)
		return -ENOMEM;
	scoped_guard(rcu) {
		if (peek_mm(task) != mm) {
			kfree(set);
			return -ESRCH;
		}
	}
	for (i = 0; old && i < old->count; i++)
		kview_set_put(set, old->views[i], old->reasons[i]);
	kview_cgroup_put(set, task);
	for (i = 0; i < set->count; i++)
		set->views[i]->joined += !kview_set_get(old, set->views[i]);
	err = kview_member_show(mm, task_tgid(task), set);
	if (!err)
		return 0;
	for (i = 0; i < set->count; i++) {
		set->views[i]->joined -= !kview_set_get(old, set->views[i]);
		set->views[i]->cgroup_err = err;
	}
	kfree(set);
	return err;
}

/* -EBUSY: it is in the middle of an exec, and still shows the address space that it is about to leave. */
static int join(struct task_struct *task)
{
	struct mm_struct *mm;
	int err;

	/* Never waited for: exec may wait for whoever waits for us. */
	if (!mutex_trylock(&task->signal->cred_guard_mutex))
		return -EBUSY;
	mm = kview_member_mm(task);
	if (mm) {
		mutex_lock(&kview_lock);
		err = join_locked(task, mm);
		mutex_unlock(&kview_lock);
		mmput(mm);
	} else {
		err = -ESRCH; /* exits */
	}
	mutex_unlock(&task->signal->cred_guard_mutex);
	return err;
}

struct outcome {
	u32 joined;
	bool busy, no_memory;
};

static void join_crowd(struct outcome *outcome)
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
		if (!(member->set->reasons[i] & KVIEW_MEMBER_CGROUP) || is_wanted(view, task))
			continue;
		/* The last one: the member is gone, and with it the set. */
		if (kview_member_leave(member, view, KVIEW_MEMBER_CGROUP))
			break;
	}
	put_task_struct(task);
}

static void release(struct kview_cgroup_ref *ref)
{
	list_del(&ref->node);
	cgroup_put(ref->cgroup);
	kfree(ref);
}

/* Directories that have been removed; nobody was in them any more. Returns how many. */
static u32 release_removed(void)
{
	struct kview_cgroup_ref *ref, *next;
	struct kview_view *view;
	u32 count = 0;

	list_for_each_entry(view, &kview_views, node) {
		list_for_each_entry_safe(ref, next, &view->cgroups, node) {
			if (ref->cgroup->self.flags & CSS_ONLINE)
				continue;
			release(ref);
			count++;
		}
	}
	return count;
}

/* --- when ----------------------------------------------------------------------------------------------------------- */

static DEFINE_MUTEX(watch_lock);
static u32 watches; /* cgroups of all views; watch_lock */
static struct tracepoint *attach_point, *rmdir_point;

static atomic64_t events = ATOMIC64_INIT(0); /* that something has changed */
static u64 handled;			      /* the last event the worker has seen to */
static DECLARE_WAIT_QUEUE_HEAD(progress);

static atomic_t movers = ATOMIC_INIT(0); /* tasks that have work of ours to do on their way back to user space */

static void reconcile_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(reconcile_work, reconcile_fn);

static u64 wake_worker(void)
{
	u64 event = atomic64_inc_return(&events);

	mod_delayed_work(system_unbound_wq, &reconcile_work, 0);
	return event;
}

static bool is_handled(u64 event)
{
	return READ_ONCE(handled) >= event;
}

struct mover {
	struct callback_head work;
	u64 event;
	bool is_scout;
};

static void mover_fn(struct callback_head *work)
{
	struct mover *mover = container_of(work, struct mover, work);

	if (mover->is_scout) {
		mutex_lock(&kview_lock);
		kview_scout_end();
		mutex_unlock(&kview_lock);
	}
	/* Killable, and not for long: it is a convenience that nothing may get stuck on. */
	wait_event_killable_timeout(progress, is_handled(mover->event), HZ);
	kfree(mover);
	if (atomic_dec_and_test(&movers))
		wake_up_all(&progress);
}

/* When the write to cgroup.procs returns, what it moved has joined or left; when clone3() does, its scout is none any more. */
static int wait_at_return(u64 event, bool is_scout)
{
	struct mover *mover = current->flags & PF_KTHREAD ? NULL : kmalloc(sizeof(*mover), GFP_ATOMIC);

	if (!mover)
		return -ENOMEM;
	mover->event = event;
	mover->is_scout = is_scout;
	init_task_work(&mover->work, mover_fn);
	atomic_inc(&movers);
	if (!kview_call(task_work_add)(current, &mover->work, TWA_RESUME))
		return 0;
	kfree(mover);
	atomic_dec(&movers);
	return -ESRCH;
}

/* Under cgroup_mutex and a spinlock, with interrupts off. */
static void on_attach(void *data, struct cgroup *to, const char *path, struct task_struct *task, bool threadgroup)
{
	wait_at_return(wake_worker(), false);
}

static void on_rmdir(void *data, struct cgroup *cgroup, const char *path)
{
	wait_at_return(wake_worker(), false);
}

static bool is_watched(struct cgroup *cgroup)
{
	struct kview_cgroup_ref *ref;
	struct kview_view *view;

	list_for_each_entry(view, &kview_views, node) {
		list_for_each_entry(ref, &view->cgroups, node) {
			if (cgroup_is_descendant(cgroup, ref->cgroup))
				return true;
		}
	}
	return false;
}

/* The current task is about to make a child in @to. Under cgroup_mutex; may sleep. */
static void on_clone(struct cgroup *to)
{
	guard(mutex)(&kview_lock);
	if (!is_watched(to))
		return;
	/* Without memory for a scout, its child joins no later than its clone3() returns. */
	if (!kview_scout_begin() && wait_at_return(wake_worker(), true))
		kview_scout_end();
}

static int watch_points(void)
{
	int err = tracepoint_probe_register(attach_point, on_attach, NULL);

	if (err)
		return err;
	err = tracepoint_probe_register(rmdir_point, on_rmdir, NULL);
	if (err)
		goto unregister_attach;
	err = kview_scout_watch(on_clone);
	if (err)
		goto unregister_rmdir;
	return 0;

unregister_rmdir:
	tracepoint_probe_unregister(rmdir_point, on_rmdir, NULL);
unregister_attach:
	tracepoint_probe_unregister(attach_point, on_attach, NULL);
	return err;
}

static int watch(void)
{
	int err;

	guard(mutex)(&watch_lock);
	err = watches ? 0 : watch_points();
	if (!err)
		watches++;
	return err;
}

static void unwatch(u32 count)
{
	guard(mutex)(&watch_lock);
	watches -= count;
	if (watches || !count)
		return;
	kview_scout_unwatch();
	tracepoint_probe_unregister(rmdir_point, on_rmdir, NULL);
	tracepoint_probe_unregister(attach_point, on_attach, NULL);
}

static void reconcile_fn(struct work_struct *work)
{
	u64 event = atomic64_read(&events);
	struct outcome outcome;
	bool busy = false, no_memory = false;
	u32 removed;

	mutex_lock(&kview_lock);
	kview_member_each(leave_if_out);
	removed = release_removed();
	mutex_unlock(&kview_lock);
	/*
	 * Until a round finds nobody: what a process forked before it joined was there in that round, and what it forks
	 * after, joins by itself.
	 */
	do {
		outcome = (struct outcome){};
		join_crowd(&outcome);
		busy |= outcome.busy;
		no_memory |= outcome.no_memory;
	} while (outcome.joined);
	WRITE_ONCE(handled, event);
	wake_up_all(&progress);
	if (busy || no_memory)
		queue_delayed_work(system_unbound_wq, &reconcile_work, busy ? BUSY_DELAY : MEMORY_DELAY);
	unwatch(removed);
}

/* --- what a view asks for ------------------------------------------------------------------------------------------- */

static struct kview_cgroup_ref *find(const struct kview_view *view, const struct cgroup *cgroup)
{
	struct kview_cgroup_ref *ref;

	list_for_each_entry(ref, &view->cgroups, node) {
		if (ref->cgroup == cgroup)
			return ref;
	}
	return NULL;
}

static int refuse(int err, u32 reason, u32 *why)
{
	*why = reason;
	return err;
}

/* A reference on the cgroup of directory @fd. */
static struct cgroup *get_cgroup(int fd, u32 *why)
{
	struct cgroup *cgroup = cgroup_get_from_fd(fd);

	if (IS_ERR(cgroup)) {
		*why = KVIEW_WHY_NO_CGROUP;
		return ERR_PTR(-EBADF);
	}
	return cgroup;
}

/* Takes over the reference on @cgroup, if it succeeds. */
static int insert(struct kview_view *view, struct cgroup *cgroup, u32 *why)
{
	struct kview_cgroup_ref *ref;
	int err;

	guard(mutex)(&kview_lock);
	if (find(view, cgroup))
		return refuse(-EEXIST, KVIEW_WHY_ALREADY_MEMBER, why);
	err = kview_image_follow(view);
	if (err)
		return err;
	ref = kzalloc(sizeof(*ref), GFP_KERNEL);
	if (!ref)
		return -ENOMEM;
	ref->cgroup = cgroup;
	list_add_tail(&ref->node, &view->cgroups);
	view->cgroup_err = 0;
	return 0;
}

static int take_out(struct kview_view *view, const struct cgroup *cgroup)
{
	struct kview_cgroup_ref *ref;

	guard(mutex)(&kview_lock);
	ref = find(view, cgroup);
	if (!ref)
		return -ENOENT;
	release(ref);
	kview_member_each(leave_if_out);
	return 0;
}

/* Until everybody who is in has joined, but for those in the middle of an exec. */
static int reconcile(void)
{
	u64 event = wake_worker();

	return wait_event_killable(progress, is_handled(event)) ? -EINTR : 0;
}

static int insert_and_join(struct kview_view *view, struct cgroup *cgroup, u32 *why)
{
	int err = insert(view, cgroup, why);

	if (err) {
		cgroup_put(cgroup);
		return err;
	}
	err = reconcile() ?: READ_ONCE(view->cgroup_err);
	if (err && !take_out(view, cgroup))
		return err;
	/* Removed meanwhile by the worker, as the directory was: then there is nobody to join. */
	return 0;
}

int kview_cgroup_add(struct kview_view *view, int fd, u32 *why)
{
	struct cgroup *cgroup = get_cgroup(fd, why);
	int err;

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	err = watch();
	if (err) {
		cgroup_put(cgroup);
		return err;
	}
	err = insert_and_join(view, cgroup, why);
	if (err)
		unwatch(1);
	return err;
}

int kview_cgroup_remove(struct kview_view *view, int fd, u32 *why)
{
	struct cgroup *cgroup = get_cgroup(fd, why);
	int err;

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	err = take_out(view, cgroup);
	cgroup_put(cgroup);
	if (err)
		return refuse(err, KVIEW_WHY_NOT_MEMBER, why);
	unwatch(1);
	return 0;
}

void kview_cgroup_remove_all(struct kview_view *view)
{
	struct kview_cgroup_ref *ref, *next;
	u32 count = 0;

	mutex_lock(&kview_lock);
	list_for_each_entry_safe(ref, next, &view->cgroups, node) {
		release(ref);
		count++;
	}
	mutex_unlock(&kview_lock);
	unwatch(count);
}

struct cgroup *kview_cgroup_get(const struct kview_view *view, u32 index)
{
	struct kview_cgroup_ref *ref;

	list_for_each_entry(ref, &view->cgroups, node) {
		if (index--)
			continue;
		cgroup_get(ref->cgroup);
		return ref->cgroup;
	}
	return NULL;
}

void kview_cgroup_describe(struct cgroup *cgroup, struct kview_cgroup_info *info)
{
	info->id = cgroup_id(cgroup);
	/* Takes cgroup_mutex, under which clone3() waits for kview_lock. */
	if (cgroup_path_ns(cgroup, info->path, sizeof(info->path), current->nsproxy->cgroup_ns) < 0)
		info->path[0] = '\0';
}

static void match_point(struct tracepoint *point, void *data)
{
	if (!strcmp(point->name, "cgroup_attach_task"))
		attach_point = point;
	else if (!strcmp(point->name, "cgroup_rmdir"))
		rmdir_point = point;
}

int kview_cgroup_init(void)
{
	for_each_kernel_tracepoint(match_point, NULL);
	if (attach_point && rmdir_point)
		return 0;
	pr_err("this kernel has no tracepoint cgroup_attach_task or cgroup_rmdir\n");
	return -EOPNOTSUPP;
}

void kview_cgroup_exit(void)
{
	/* No view is left, so no probe is registered; who has met one still has to return from it. */
	tracepoint_synchronize_unregister();
	kview_scout_drain();
	cancel_delayed_work_sync(&reconcile_work);
	wait_event(progress, !atomic_read(&movers));
	synchronize_rcu_tasks();
}
