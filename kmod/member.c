// SPDX-License-Identifier: GPL-2.0-only
#include "member.h"

#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "image.h"
#include "pagetable.h"
#include "threads.h"
#include "view.h"

#define MEMBERS_BITS 8 /* 2 KiB; a container has some hundred processes */

static struct kview_pagetable neutral;
static DEFINE_HASHTABLE(members, MEMBERS_BITS);

static atomic_t unfreed = ATOMIC_INIT(0); /* records of members that are not freed yet */
static DECLARE_WAIT_QUEUE_HEAD(all_freed);

struct kview_pagetable *kview_member_neutral(void)
{
	return &neutral;
}

struct kview_mm *kview_member_find(const struct mm_struct *mm)
{
	struct kview_mm *member;

	lockdep_assert_held(&kview_lock);
	hash_for_each_possible(members, member, hash, (unsigned long)mm) {
		if (member->mm == mm)
			return member;
	}
	return NULL;
}

/* Make its tables show @to; NULL: the shared text. Under text_mutex. */
static void show(struct kview_mm *member, struct kview_image *from, struct kview_image *to)
{
	u64 since = member->out_since ?: ktime_get_ns();

	/* Who has stepped out sees none of @from's pages. */
	if (from && to && !member->out_since && !kview_image_switch(member->mm, from, to))
		return;
	kview_image_show(member->mm, to);
	member->out_since = 0;
	if (from && to)
		kview_image_count_window(to, since);
}

/* Go from the image it has to @image; NULL: to the shared text. The old image dies if this was its last member. */
static void move(struct kview_mm *member, struct kview_image *image)
{
	struct kview_image *old = member->image;

	/* In one step for whoever patches text: a flush of an image reaches all that see it. */
	scoped_guard(mutex, kview_symbols.text_mutex) {
		show(member, old, image);
		list_del_init(&member->node);
		member->image = image;
		if (image)
			list_add_tail(&member->node, &image->members);
	}
	kview_image_release(old);
}

/* The address space ends, or nobody wants it any more. */
static void drop(struct kview_mm *member)
{
	if (member->image)
		move(member, NULL);
	hash_del(&member->hash);
	mmu_notifier_put(&member->notifier);
}

static void on_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct kview_mm *member = container_of(notifier, struct kview_mm, notifier);

	guard(mutex)(&kview_lock);
	if (member->image)
		drop(member);
}

static struct mmu_notifier *alloc_member(struct mm_struct *mm)
{
	struct kview_mm *member = kzalloc(sizeof(*member), GFP_KERNEL);

	if (!member)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&member->node);
	member->mm = mm;
	atomic_inc(&unfreed);
	return &member->notifier;
}

/* An SRCU callback, with softirqs off; or at once, where the notifier could not be registered. */
static void free_member(struct mmu_notifier *notifier)
{
	struct kview_mm *member = container_of(notifier, struct kview_mm, notifier);

	put_pid(member->tgid);
	kview_set_free(member->set);
	kfree(member);
	if (atomic_dec_and_test(&unfreed))
		wake_up_all(&all_freed);
}

static const struct mmu_notifier_ops member_ops = {
	.release = on_release,
	.alloc_notifier = alloc_member,
	.free_notifier = free_member,
};

/*
 * The first notifier of an address space takes all its locks, and gives up when a signal is pending. A process that forks
 * or execs just then may not be lost for that: the signal has to wait.
 */
struct kview_mm *kview_member_reserve(struct mm_struct *mm)
{
	struct mmu_notifier *notifier;
	bool signal = false, notify = false;
	int tries = 1000; /* one more for each signal that comes in between */

	mmap_assert_write_locked(mm);
	do {
		notifier = mmu_notifier_get_locked(&member_ops, mm);
		if (notifier != ERR_PTR(-EINTR))
			break;
		signal |= test_and_clear_thread_flag(TIF_SIGPENDING);
		notify |= test_and_clear_thread_flag(TIF_NOTIFY_SIGNAL);
	} while (--tries);
	/* Where it was not needed any more, the way back to user space finds nothing to do. */
	if (signal)
		set_thread_flag(TIF_SIGPENDING);
	if (notify)
		set_thread_flag(TIF_NOTIFY_SIGNAL);
	return IS_ERR(notifier) ? ERR_CAST(notifier) : container_of(notifier, struct kview_mm, notifier);
}

void kview_member_unreserve(struct kview_mm *record)
{
	mmu_notifier_put(&record->notifier);
}

/* @record may have been a member's until just now, which has left all its views since. */
static void enlist(struct kview_mm *record, struct task_struct *task)
{
	put_pid(record->tgid);
	/* Only now: meanwhile it may have been reaped. NULL then, which is nobody. */
	record->tgid = get_task_pid(task, PIDTYPE_TGID);
	record->scouts = 0;
	record->held_out = false; /* nobody else can see it: it has no image */
	hash_add(members, &record->hash, (unsigned long)record->mm);
}

/* Let @member see @image (NULL: the shared text), which is that of @set. */
static void assign(struct kview_mm *member, struct kview_set *set, struct kview_image *image)
{
	if (!image) {
		drop(member);
		kview_set_free(set);
		return;
	}
	if (member->image != image)
		move(member, image);
	if (member->set != set)
		kview_set_free(member->set);
	member->set = set;
}

static int get_image(const struct kview_set *set, struct kview_image **ret_image)
{
	if (set->count)
		return kview_image_get(set, ret_image);
	*ret_image = NULL;
	return 0;
}

int kview_member_show(struct mm_struct *mm, struct task_struct *task, struct kview_set *set, struct kview_mm **record)
{
	struct kview_mm *member = kview_member_find(mm);
	struct kview_image *image;
	int err;

	lockdep_assert_held(&kview_lock);
	err = get_image(set, &image);
	if (err)
		return err;
	if (!member && image) {
		member = *record;
		*record = NULL;
		enlist(member, task);
	}
	if (member)
		assign(member, set, image);
	else
		kview_set_free(set);
	return 0;
}

int kview_member_show_to(struct mm_struct *mm, struct task_struct *task, struct kview_view *view,
			 struct kview_threads *threads, struct kview_mm **record)
{
	struct kview_mm *member = kview_member_find(mm);
	struct kview_set *set = kview_set_copy(member ? member->set : NULL, 1);
	int err;

	if (!set) {
		kview_threads_put(threads);
		return -ENOMEM;
	}
	kview_set_put_threads(set, view, threads);
	err = kview_member_show(mm, task, set, record);
	if (err)
		kview_set_free(set);
	return err;
}

int kview_member_leave_thread(struct kview_mm *member, struct kview_view *view, struct task_struct *task)
{
	const struct kview_threads *had = kview_set_threads(member->set, view);
	struct kview_threads *left = NULL;

	if (had->count > 1) {
		left = kview_threads_without(had, task);
		if (!left)
			return -ENOMEM;
	}
	return kview_member_show_to(member->mm, task, view, left, NULL);
}

struct mm_struct *kview_member_mm(struct task_struct *task)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(task, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	rcu_read_unlock();
	return mm;
}

bool kview_member_leave(struct kview_mm *member, struct kview_view *view, u8 reasons)
{
	struct kview_set *set = member->set;
	struct kview_image *image;

	/* In place: this may not fail for lack of memory. */
	kview_set_put(set, view, kview_set_get(set, view) & ~reasons);
	if (get_image(set, &image)) {
		/* None for the smaller image: then it leaves all its views rather than stay in one that is closed. */
		pr_warn_ratelimited("out of memory: process %d leaves all its views\n", pid_nr(member->tgid));
		image = NULL;
	}
	if (image)
		assign(member, set, image);
	else
		drop(member);
	return !image;
}

void kview_member_leave_all(struct kview_view *view)
{
	struct task_struct *thread;
	struct kview_mm *member;

	lockdep_assert_held(&kview_lock);
	while ((member = kview_member_at(view, 0, &thread)))
		kview_member_leave(member, view, U8_MAX);
}

void kview_member_each(void (*fn)(struct kview_mm *member))
{
	struct kview_mm *member;
	struct hlist_node *next;
	int bucket;

	lockdep_assert_held(&kview_lock);
	hash_for_each_safe(members, bucket, next, member, hash)
		fn(member);
}

/* The vfork child for whose cgroup @member was let in goes, and leaves it to a parent that is not in. */
static void give_back(struct kview_mm *member)
{
	u32 i;

	for (i = member->set->count; i-- > 0;) {
		if (kview_member_leave(member, member->set->views[i], KVIEW_MEMBER_CGROUP))
			return;
	}
}

/* A thread goes. What there is no memory for stays until its process ends: nobody else gets its address. */
static void give_up_thread(struct kview_mm *member, struct task_struct *task)
{
	struct mm_struct *mm = member->mm;
	u32 i;

	for (i = member->set->count; member && i-- > 0;) {
		if (!kview_threads_has(member->set->threads[i], task))
			continue;
		kview_member_leave_thread(member, member->set->views[i], task);
		member = kview_member_find(mm);
	}
}

bool kview_member_release(struct mm_struct *mm)
{
	bool last = atomic_read(&mm->mm_users) == 1;
	struct kview_mm *member;

	/* Whoever else looks at it just now makes us leave it to the notifier. */
	if (!last && !current->vfork_done && !kview_threads_exist())
		return false;
	guard(mutex)(&kview_lock);
	member = kview_member_find(mm);
	if (member && last)
		drop(member);
	else if (member && current->vfork_done && member->tgid == task_tgid(current))
		give_back(member);
	else if (member)
		give_up_thread(member, current);
	return true;
}

/* How often a member is listed: each thread that alone sees the view, or once. */
static u32 records(const struct kview_image *image, const struct kview_view *view)
{
	const struct kview_threads *threads = kview_image_threads(image, view);

	return threads ? threads->count : 1;
}

struct kview_mm *kview_member_at(const struct kview_view *view, u32 index, struct task_struct **ret_thread)
{
	struct kview_mm *member;
	struct kview_image *image;

	list_for_each_entry(image, &kview_images, node) {
		const struct kview_threads *threads = kview_image_threads(image, view);

		if (!kview_image_has(image, view))
			continue;
		list_for_each_entry(member, &image->members, node) {
			if (index < records(image, view)) {
				*ret_thread = threads ? threads->tasks[index] : NULL;
				return member;
			}
			index -= records(image, view);
		}
	}
	return NULL;
}

u32 kview_member_count(const struct kview_view *view)
{
	struct kview_image *image;
	u32 count = 0;

	list_for_each_entry(image, &kview_images, node) {
		if (kview_image_has(image, view))
			count += list_count_nodes(&image->members) * records(image, view);
	}
	return count;
}

size_t kview_member_bytes(u32 views)
{
	return sizeof(struct kview_mm) + sizeof(struct kview_set) + views * (sizeof(struct kview_view *) + 1);
}

int kview_member_init(void)
{
	return kview_pagetable_init(&neutral);
}

void kview_member_exit_module(void)
{
	/* Not mmu_notifier_synchronize(): where SRCU has a queue for each CPU it waits for the callbacks of one of them. */
	wait_event(all_freed, !atomic_read(&unfreed));
	/* The last callback has yet to leave our text. */
	synchronize_rcu();
	kview_pagetable_deinit(&neutral);
}
