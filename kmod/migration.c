// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock order: watch_lock -> the end of keep_watch_work, and with it what registering a probe takes; cred_guard_mutex and
 * cgroup_mutex -> kview_lock -> css_set and RCU. So nobody asks for a path, which takes cgroup_mutex, while holding
 * kview_lock. The probes, which run under cgroup_mutex and a spinlock, only wake the worker.
 */
#include "migration.h"

#include <linux/cgroup.h>
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "cgroup.h"
#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "crowd.h"
#include "scout.h"
#include "view.h"

#define BUSY_DELAY msecs_to_jiffies(10)	  /* a process is in the middle of an exec, or of a fault */
#define MEMORY_DELAY msecs_to_jiffies(500) /* there is no memory for one */

static DEFINE_MUTEX(watch_lock);
static u32 watches; /* cgroups of all views; watch_lock */
static struct tracepoint *attach_point, *rmdir_point;

/*
 * A kprobe that cannot be disarmed for lack of memory stays behind, with a warning, and would outlive the module. So it is a
 * kernel thread that registers and unregisters: the allocations of a task that is killed for lack of memory, or that faults
 * are injected into, may fail, but not those of a kernel thread, which are too small to.
 */
static void keep_watch_fn(struct work_struct *work);
static DECLARE_WORK(keep_watch_work, keep_watch_fn);
static int watch_result = -ENOENT; /* 0: all is registered; the work's, and of whoever has flushed it under watch_lock */

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
		module_put(THIS_MODULE); /* whoever unloads it now waits for the rest */
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
	/* A clone3() that waits for its child may not return for days. The view that it is made for holds the module, too. */
	if (is_scout)
		__module_get(THIS_MODULE);
	if (!kview_call(task_work_add)(current, &mover->work, TWA_RESUME))
		return 0;
	if (is_scout)
		module_put(THIS_MODULE);
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

/* The current task is about to make a child in @to. Under cgroup_mutex; may sleep. */
static void on_clone(struct cgroup *to)
{
	guard(mutex)(&kview_lock);
	if (!kview_cgroup_covers(to))
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

static void unwatch_points(void)
{
	kview_scout_unwatch();
	tracepoint_probe_unregister(rmdir_point, on_rmdir, NULL);
	tracepoint_probe_unregister(attach_point, on_attach, NULL);
}

static void keep_watch_fn(struct work_struct *work)
{
	bool wanted = READ_ONCE(watches);

	if (wanted && watch_result) {
		watch_result = watch_points();
	} else if (!wanted && !watch_result) {
		unwatch_points();
		watch_result = -ENOENT;
	}
}

int kview_migration_watch(void)
{
	guard(mutex)(&watch_lock);
	WRITE_ONCE(watches, watches + 1);
	if (watches > 1)
		return 0;
	queue_work(system_unbound_wq, &keep_watch_work);
	flush_work(&keep_watch_work);
	if (watch_result)
		WRITE_ONCE(watches, 0);
	return watch_result;
}

void kview_migration_unwatch(u32 count)
{
	guard(mutex)(&watch_lock);
	WRITE_ONCE(watches, watches - count);
	if (count && !watches)
		queue_work(system_unbound_wq, &keep_watch_work);
}

static void reconcile_fn(struct work_struct *work)
{
	u64 event = atomic64_read(&events);
	struct kview_crowd_outcome outcome;
	bool busy = false, no_memory = false;
	u32 removed;

	mutex_lock(&kview_lock);
	kview_crowd_leave();
	removed = kview_cgroup_release_removed();
	mutex_unlock(&kview_lock);
	/*
	 * Until a round finds nobody: what a process forked before it joined was there in that round, and what it forks
	 * after, joins by itself.
	 */
	do {
		outcome = (struct kview_crowd_outcome){};
		kview_crowd_join(&outcome);
		busy |= outcome.busy;
		no_memory |= outcome.no_memory;
	} while (outcome.joined);
	WRITE_ONCE(handled, event);
	wake_up_all(&progress);
	if (busy || no_memory)
		queue_delayed_work(system_unbound_wq, &reconcile_work, busy ? BUSY_DELAY : MEMORY_DELAY);
	kview_migration_unwatch(removed);
}

int kview_migration_reconcile(void)
{
	u64 event = wake_worker();

	return wait_event_killable(progress, is_handled(event)) ? -EINTR : 0;
}

static void match_point(struct tracepoint *point, void *data)
{
	if (!strcmp(point->name, "cgroup_attach_task"))
		attach_point = point;
	else if (!strcmp(point->name, "cgroup_rmdir"))
		rmdir_point = point;
}

int kview_migration_init(void)
{
	for_each_kernel_tracepoint(match_point, NULL);
	if (attach_point && rmdir_point)
		return 0;
	pr_err("this kernel has no tracepoint cgroup_attach_task or cgroup_rmdir\n");
	return -EOPNOTSUPP;
}

void kview_migration_exit(void)
{
	/* No view is left: the last to give up a cgroup was a view, or the worker when it had been removed. */
	cancel_delayed_work_sync(&reconcile_work);
	flush_work(&keep_watch_work);
	/* So no probe is registered; who has met one still has to return from it. */
	tracepoint_synchronize_unregister();
	kview_scout_drain();
	cancel_delayed_work_sync(&reconcile_work);
	wait_event(progress, !atomic_read(&movers));
	synchronize_rcu_tasks();
}
