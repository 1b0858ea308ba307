// SPDX-License-Identifier: GPL-2.0-only
#include "member.h"


#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "image.h"
#include "pagetable.h"
#include "view.h"

static struct kview_pagetable neutral;

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
	struct kview_image *image;

	list_for_each_entry(image, &kview_images, node) {
		list_for_each_entry(member, &image->members, node) {
			if (member->mm == mm)
				return member;
		}
	}
	return NULL;
}

/* Make its tables show @to; NULL: the shared text. */
static void show(struct kview_mm *member, struct kview_image *from, struct kview_image *to)
{
	u64 since = ktime_get_ns();

	guard(mutex)(kview_symbols.text_mutex);
	if (from && to && !kview_image_switch(member->mm, from, to))
		return;
	kview_image_show(member->mm, to);
	if (from && to)
		kview_image_count_window(to, since);
}

/* Go from the image it has to @image; NULL: to the shared text. The old image dies if this was its last member. */
static void move(struct kview_mm *member, struct kview_image *image)
{
	struct kview_image *old = member->image;

	/* While on its way it is a member of both, so that a flush of either reaches it. */
	show(member, old, image);
	list_del_init(&member->node);
	member->image = image;
	if (image)
		list_add_tail(&member->node, &image->members);
	kview_image_release(old);
}

/* The address space ends, or nobody wants it any more. */
static void drop(struct kview_mm *member)
{
	if (member->image)
		move(member, NULL);
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
	kfree(member);
}

static const struct mmu_notifier_ops member_ops = {
	.release = on_release,
	.alloc_notifier = alloc_member,
	.free_notifier = free_member,
};

static struct kview_mm *new_member(struct mm_struct *mm, struct pid *tgid)
{
	struct mmu_notifier *notifier = mmu_notifier_get(&member_ops, mm);
	struct kview_mm *member;

	if (IS_ERR(notifier))
		return ERR_CAST(notifier);
	member = container_of(notifier, struct kview_mm, notifier);
	if (!member->tgid)
		member->tgid = get_pid(tgid);
	return member;
}

/* The set of @image's views (NULL: none) with @view added. */
static int image_with(const struct kview_image *image, struct kview_view *view, struct kview_image **ret_image)
{
	u32 count = image ? image->count : 0, i, at = 0;
	struct kview_view **views __free(kfree) = kmalloc_array(count + 1, sizeof(*views), GFP_KERNEL);

	if (!views)
		return -ENOMEM;
	while (at < count && image->views[at]->id < view->id) {
		views[at] = image->views[at];
		at++;
	}
	views[at] = view;
	for (i = at; i < count; i++)
		views[i + 1] = image->views[i];
	return kview_image_get(views, count + 1, ret_image);
}

/* The set of @image's views without @view; NULL when none is left. */
static int image_without(const struct kview_image *image, const struct kview_view *view, struct kview_image **ret_image)
{
	struct kview_view **views __free(kfree) = kmalloc_array(image->count, sizeof(*views), GFP_KERNEL);
	u32 i, count = 0;

	if (!views)
		return -ENOMEM;
	for (i = 0; i < image->count; i++) {
		if (image->views[i] != view)
			views[count++] = image->views[i];
	}
	if (!count) {
		*ret_image = NULL;
		return 0;
	}
	return kview_image_get(views, count, ret_image);
}

static int join(struct kview_view *view, struct mm_struct *mm, struct pid *tgid, u32 *why)
{
	struct kview_mm *member = kview_member_find(mm);
	struct kview_image *image;
	int err;

	if (member && kview_image_has(member->image, view))
		return refuse(-EEXIST, KVIEW_WHY_ALREADY_MEMBER, why);
	err = image_with(member ? member->image : NULL, view, &image);
	if (err)
		return err;
	if (!member) {
		member = new_member(mm, tgid);
		if (IS_ERR(member)) {
			kview_image_release(image);
			return PTR_ERR(member);
		}
	}
	move(member, image);
	return 0;
}

/* The address space of a process. The first thread may be gone while others run on. */
static struct mm_struct *mm_of(struct task_struct *task, u32 *why)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	if (task->flags & PF_KTHREAD) {
		*why = KVIEW_WHY_KERNEL_THREAD;
		return ERR_PTR(-EINVAL);
	}
	rcu_read_lock();
	for_each_thread(task, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	rcu_read_unlock();
	if (mm)
		return mm;
	*why = KVIEW_WHY_EXITING;
	return ERR_PTR(-ESRCH);
}

static int add(struct kview_view *view, struct task_struct *task, u32 *why)
{
	struct mm_struct *mm = mm_of(task, why);
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	mutex_lock(&kview_lock);
	err = join(view, mm, task_tgid(task), why);
	mutex_unlock(&kview_lock);
	/* After the lock: the last reference runs on_release(), which takes it. */
	mmput(mm);
	return err;
}

/*
 * A process in the middle of exec still shows its old address space, past the point where its views would be passed on.
 * exec holds this mutex until the new one is in place, as ptrace_attach() knows; it takes kview_lock inside, so do we.
 */
static int outside_exec(struct kview_view *view, struct task_struct *task, u32 *why,
			int (*change)(struct kview_view *view, struct task_struct *task, u32 *why))
{
	int err;

	/* Killable: a caller that is a thread of the process that execs has to die first. */
	if (mutex_lock_killable(&task->signal->cred_guard_mutex))
		return -EINTR;
	err = change(view, task, why);
	mutex_unlock(&task->signal->cred_guard_mutex);
	return err;
}

int kview_member_add(struct kview_view *view, struct task_struct *task, u32 *why)
{
	return outside_exec(view, task, why, add);
}

/* Out of memory for the smaller set: then the process leaves all its views rather than stay in one that is closed. */
static void leave(struct kview_mm *member, struct kview_view *view)
{
	struct kview_image *image = NULL;

	if (image_without(member->image, view, &image))
		pr_warn_ratelimited("out of memory: process %d leaves all its views\n", pid_nr(member->tgid));
	if (image)
		move(member, image);
	else
		drop(member);
}

static int remove(struct kview_view *view, struct task_struct *task, u32 *why)
{
	struct mm_struct *mm = mm_of(task, why);
	struct kview_mm *member;
	int err = 0;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	mutex_lock(&kview_lock);
	member = kview_member_find(mm);
	if (member && kview_image_has(member->image, view))
		leave(member, view);
	else
		err = refuse(-ENOENT, KVIEW_WHY_NOT_MEMBER, why);
	mutex_unlock(&kview_lock);
	mmput(mm);
	return err;
}

int kview_member_remove(struct kview_view *view, struct task_struct *task, u32 *why)
{
	return outside_exec(view, task, why, remove);
}

void kview_member_leave_all(struct kview_view *view)
{
	struct kview_mm *member;

	lockdep_assert_held(&kview_lock);
	while ((member = kview_member_at(view, 0)))
		leave(member, view);
}

void kview_member_exec(struct task_struct *task, struct mm_struct *mm)
{
	struct kview_mm *member, *heir;

	guard(mutex)(&kview_lock);
	member = kview_member_find(task->mm);
	/* A vfork child that execs becomes a process of its own; it only borrowed the member's address space. */
	if (!member || member->tgid != task_tgid(task))
		return;
	heir = new_member(mm, member->tgid);
	if (IS_ERR(heir)) {
		pr_warn_ratelimited("out of memory: process %d leaves its views at exec\n", pid_nr(member->tgid));
		return;
	}
	move(heir, member->image);
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
