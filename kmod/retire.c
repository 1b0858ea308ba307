// SPDX-License-Identifier: GPL-2.0-only
#include "retire.h"

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "compat/cleanup.h"
#include "link.h"
#include "run.h"
#include "stack.h"
#include "stub.h"

static LLIST_HEAD(waiting);
static atomic_t count = ATOMIC_INIT(0);

/* Stubs nobody can enter any more, but somebody may still return to; the worker's own. */
static struct llist_node *inside;

static void wait_for_users(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
	/* Who entered before the first wait is a reader by now, or past that; who leaves still has to run the tail. */
	kview_run_drain();
	synchronize_rcu_tasks();
}

static void free_stub(struct kview_stub *stub)
{
	kview_stub_free(stub);
	atomic_dec(&count);
	cond_resched();
}

static void sort_out(struct llist_node *list)
{
	struct kview_stub *stub, *next;

	llist_for_each_entry_safe(stub, next, list, retired) {
		if (kview_around(stub) && stub->resume) {
			stub->retired.next = inside;
			inside = &stub->retired;
		} else {
			free_stub(stub);
		}
	}
}

/* Does a program still wait for the return of the function? */
static bool is_wanted(const struct kview_stub *stub)
{
	u32 i;

	for (i = stub->group[KVIEW_RETURNS]; i < stub->count; i++) {
		if (!READ_ONCE(stub->hooks[i]->link->closed))
			return true;
	}
	return false;
}

static unsigned long resume_of(const struct kview_stub *stub)
{
	return (unsigned long)stub->code + stub->resume;
}

static struct kview_frame *frames_of(struct llist_node *list, u32 *ret_count)
{
	struct kview_frame *frames;
	struct kview_stub *stub;
	u32 i = 0;

	llist_for_each_entry(stub, list, retired)
		i++;
	frames = kvcalloc(i, sizeof(*frames), GFP_KERNEL);
	if (!frames)
		return NULL;
	*ret_count = i;
	i = 0;
	llist_for_each_entry(stub, list, retired) {
		frames[i].resume = resume_of(stub);
		frames[i++].release = !is_wanted(stub);
	}
	return frames;
}

/* Does somebody still return to it? Who has been sent to the landing does not. */
static bool is_inside(const struct kview_frame *frames, u32 frame_count, const struct kview_stub *stub)
{
	u32 i;

	for (i = 0; i < frame_count; i++) {
		if (frames[i].resume == resume_of(stub))
			return frames[i].found && !frames[i].release;
	}
	return true;
}

static void free_left(void)
{
	struct kview_frame *frames __free(kview_kvfree) = NULL;
	struct kview_stub *stub, *next;
	struct llist_node *left = NULL;
	u32 frame_count;

	if (!inside)
		return;
	frames = frames_of(inside, &frame_count);
	if (!frames || kview_stack_search(frames, frame_count))
		return;
	/* Who returned while the search was on its way still runs the last instructions. */
	wait_for_users();
	llist_for_each_entry_safe(stub, next, inside, retired) {
		if (is_inside(frames, frame_count, stub)) {
			stub->retired.next = left;
			left = &stub->retired;
		} else {
			free_stub(stub);
		}
	}
	inside = left;
}

static void work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, work_fn);

static void work_fn(struct work_struct *unused)
{
	struct llist_node *list = llist_del_all(&waiting);

	if (list) {
		wait_for_users();
		sort_out(list);
	}
	free_left();
	if (inside)
		queue_delayed_work(system_unbound_wq, &work, HZ);
}

void kview_retire(struct kview_stub *stub)
{
	if (!stub)
		return;
	atomic_inc(&count);
	llist_add(&stub->retired, &waiting);
	/* The long queue: RCU takes its time, and others' short work must not wait behind it. */
	mod_delayed_work(system_unbound_wq, &work, 0);
}

unsigned int kview_retired(void)
{
	return atomic_read(&count);
}

void kview_retire_wait(void)
{
	mod_delayed_work(system_unbound_wq, &work, 0);
	flush_delayed_work(&work);
}

void kview_retire_exit(void)
{
	/* With all links closed the first pass releases every frame, and the second finds none. */
	while (kview_retired()) {
		kview_retire_wait();
		cond_resched();
	}
	cancel_delayed_work_sync(&work);
}
