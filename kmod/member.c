// SPDX-License-Identifier: GPL-2.0-only
#include "member.h"

#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "image.h"
#include "pagetable.h"
#include "view.h"

#define MEMBERS_BITS 8 /* 2 KiB; a container has some hundred processes */

static struct kview_pagetable neutral;
static DEFINE_HASHTABLE(members, MEMBERS_BITS);

static int refuse(int err, u32 reason, u32 *why)
{
	*why = reason;
	return err;
}

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
	return &member->notifier;
}

static void free_member(struct mmu_notifier *notifier)
{
	struct kview_mm *member = container_of(notifier, struct kview_mm, notifier);

	put_pid(member->tgid);
	kfree(member->set);
	kfree(member);
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
static struct mmu_notifier *get_notifier(struct mm_struct *mm)
{
	struct mmu_notifier *notifier;
	bool signal = false, notify = false;
	int tries = 1000; /* one more for each signal that comes in between */

	do {
		notifier = mmu_notifier_get(&member_ops, mm);
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
	return notifier;
}

static struct kview_mm *new_member(struct mm_struct *mm, struct pid *tgid)
{
	struct mmu_notifier *notifier = get_notifier(mm);
	struct kview_mm *member;

	if (IS_ERR(notifier))
		return ERR_CAST(notifier);
	member = container_of(notifier, struct kview_mm, notifier);
	member->tgid = get_pid(tgid);
	hash_add(members, &member->hash, (unsigned long)mm);
	return member;
}

/* Let @member see @image (NULL: the shared text), which is that of @set. */
static void assign(struct kview_mm *member, struct kview_set *set, struct kview_image *image)
{
	if (!image) {
		drop(member);
		kfree(set);
		return;
	}
	if (member->image != image)
		move(member, image);
	if (member->set != set)
		kfree(member->set);
	member->set = set;
}

static int get_image(const struct kview_set *set, struct kview_image **ret_image)
{
	if (set->count)
		return kview_image_get(set->views, set->count, ret_image);
	*ret_image = NULL;
	return 0;
}

int kview_member_show(struct mm_struct *mm, struct pid *tgid, struct kview_set *set)
{
	struct kview_mm *member = kview_member_find(mm);
	struct kview_image *image;
	int err;

	lockdep_assert_held(&kview_lock);
	err = get_image(set, &image);
	if (!err && !member && image) {
		member = new_member(mm, tgid);
		err = PTR_ERR_OR_ZERO(member);
		if (err)
			kview_image_release(image);
	}
	if (err)
		return err;
	if (member)
		assign(member, set, image);
	else
		kfree(set);
	return 0;
}

static int join(struct kview_view *view, struct mm_struct *mm, struct pid *tgid, u8 reasons, u32 *why)
{
	struct kview_mm *member = kview_member_find(mm);
	u8 had = member ? kview_set_get(member->set, view) : 0;
	struct kview_set *set;
	int err;

	if ((had & reasons) == reasons)
		return refuse(-EEXIST, KVIEW_WHY_ALREADY_MEMBER, why);
	if (reasons & KVIEW_MEMBER_FOLLOW) {
		err = kview_image_follow(view);
		if (err)
			return err;
	}
	set = kview_set_copy(member ? member->set : NULL);
	if (!set)
		return -ENOMEM;
	kview_set_put(set, view, had | reasons);
	err = kview_member_show(mm, tgid, set);
	if (err)
		kfree(set);
	else if (!had)
		view->joined++;
	return err;
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

static struct mm_struct *mm_of(struct task_struct *task, u32 *why)
{
	struct mm_struct *mm;

	if (task->flags & PF_KTHREAD) {
		*why = KVIEW_WHY_KERNEL_THREAD;
		return ERR_PTR(-EINVAL);
	}
	mm = kview_member_mm(task);
	if (mm)
		return mm;
	*why = KVIEW_WHY_EXITING;
	return ERR_PTR(-ESRCH);
}

static int add(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why)
{
	struct mm_struct *mm = mm_of(task, why);
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	mutex_lock(&kview_lock);
	err = join(view, mm, task_tgid(task), reasons, why);
	mutex_unlock(&kview_lock);
	/* After the lock: the last reference runs on_release(), which takes it. */
	mmput(mm);
	return err;
}

/*
 * A process in the middle of exec still shows its old address space, past the point where its views would be passed on.
 * exec holds this mutex until the new one is in place, as ptrace_attach() knows; it takes kview_lock inside, so do we.
 */
static int outside_exec(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why,
			int (*change)(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why))
{
	int err;

	/* Killable: a caller that is a thread of the process that execs has to die first. */
	if (mutex_lock_killable(&task->signal->cred_guard_mutex))
		return -EINTR;
	err = change(view, task, reasons, why);
	mutex_unlock(&task->signal->cred_guard_mutex);
	return err;
}

int kview_member_add(struct kview_view *view, struct task_struct *task, bool follow, u32 *why)
{
	return outside_exec(view, task, KVIEW_MEMBER_ADDED | (follow ? KVIEW_MEMBER_FOLLOW : 0), why, add);
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

static int remove(struct kview_view *view, struct task_struct *task, u8 reasons, u32 *why)
{
	struct mm_struct *mm = mm_of(task, why);
	struct kview_mm *member;
	int err = 0;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	mutex_lock(&kview_lock);
	member = kview_member_find(mm);
	if (member && kview_set_get(member->set, view) & reasons)
		kview_member_leave(member, view, reasons);
	else
		err = refuse(-ENOENT, KVIEW_WHY_NOT_MEMBER, why);
	mutex_unlock(&kview_lock);
	mmput(mm);
	return err;
}

int kview_member_remove(struct kview_view *view, struct task_struct *task, u32 *why)
{
	return outside_exec(view, task, KVIEW_MEMBER_ADDED | KVIEW_MEMBER_FOLLOW, why, remove);
}

void kview_member_leave_all(struct kview_view *view)
{
	struct kview_mm *member;

	lockdep_assert_held(&kview_lock);
	while ((member = kview_member_at(view, 0)))
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

bool kview_member_release(struct mm_struct *mm)
{
	bool last = atomic_read(&mm->mm_users) == 1;
	struct kview_mm *member;

	/* Whoever else looks at it just now makes us leave it to the notifier. */
	if (!last && !current->vfork_done)
		return false;
	guard(mutex)(&kview_lock);
	member = kview_member_find(mm);
	if (member && last)
		drop(member);
	else if (member && member->tgid == task_tgid(current))
		give_back(member);
	return true;
}

struct kview_mm *kview_member_at(const struct kview_view *view, u32 index)
{
	struct kview_mm *member;
	struct kview_image *image;

	list_for_each_entry(image, &kview_images, node) {
		if (!kview_image_has(image, view))
			continue;
		list_for_each_entry(member, &image->members, node) {
			if (!index--)
				return member;
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
			count += list_count_nodes(&image->members);
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
	/* Members' records are freed by SRCU callbacks in our text. */
	mmu_notifier_synchronize();
	kview_pagetable_deinit(&neutral);
}
