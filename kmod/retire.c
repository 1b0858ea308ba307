// SPDX-License-Identifier: GPL-2.0-only
#include "retire.h"

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "run.h"
#include "stub.h"

static LLIST_HEAD(waiting);
static atomic_t count = ATOMIC_INIT(0);

static void wait_for_users(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
	/* Who entered before the first wait is counted by now, or past the call; who leaves still has to run the tail. */
	kview_run_drain();
	synchronize_rcu_tasks();
}

static void free_waiting(struct work_struct *work)
{
	struct llist_node *list = llist_del_all(&waiting);
	struct kview_stub *stub, *next;

	if (!list)
		return;
	wait_for_users();
	llist_for_each_entry_safe(stub, next, list, retired) {
		kview_stub_free(stub);
		atomic_dec(&count);
		cond_resched();
	}
}

static DECLARE_WORK(free_work, free_waiting);

void kview_retire(struct kview_stub *stub)
{
	if (!stub)
		return;
	atomic_inc(&count);
	llist_add(&stub->retired, &waiting);
	/* The long queue: RCU takes its time, and others' short work must not wait behind it. */
	queue_work(system_unbound_wq, &free_work);
}

unsigned int kview_retired(void)
{
	return atomic_read(&count);
}

void kview_retire_wait(void)
{
	flush_work(&free_work);
}
