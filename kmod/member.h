/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A member: one address space that sees one or more views, or some threads of which do.
 *
 * Views are shown through page tables, so all tasks of an address space are in: threads, io_uring workers, kernel threads
 * that adopt it (kthread_use_mm()), and a vfork child until its exec. fork() and exec build a new address space from the
 * kernel's own tables; what it is to see is decided in two functions that images patch for that, see inherit.c. The end
 * of an address space is learned through an mmu notifier.
 */
#ifndef KVIEW_MEMBER_H
#define KVIEW_MEMBER_H

#include <linux/cleanup.h>
#include <linux/mmu_notifier.h>
#include <linux/pid.h>

#include "set.h"

struct kview_image;
struct kview_pagetable;
struct kview_threads;
struct kview_view;

struct kview_mm {
	struct mmu_notifier notifier;
	struct hlist_node hash; /* by @mm */
	struct list_head node;	/* in its image; changes under text_mutex, too */
	struct mm_struct *mm;	/* the notifier holds mm_count */
	/* The process it belongs to: the one that was added, forked, or has execed. NULL: was reaped while it was added. */
	struct pid *tgid;
	struct kview_set *set;	/* the views it sees, those of @image */
	struct kview_image *image;
	u32 scouts; /* its threads that are scouts, see scout.h */
	u64 out_since; /* ktime_get_ns() when it stepped out of its image to patch text, 0: it did not; text_mutex */
	bool held_out; /* until ftrace's update is over; text_mutex */
};

int kview_member_init(void);
void kview_member_exit_module(void);

/* @member sees @view for none of @reasons any more. Returns whether it sees nothing any more, and is gone. Under kview_lock. */
bool kview_member_leave(struct kview_mm *member, struct kview_view *view, u8 reasons);

/* Call @fn for all members; it may let its member leave. Under kview_lock. */
void kview_member_each(void (*fn)(struct kview_mm *member));

/* A reference on the address space of a process, NULL when it exits. The first thread may be gone while others run on. */
struct mm_struct *kview_member_mm(struct task_struct *task);

/* All members of @view leave it. Under kview_lock. */
void kview_member_leave_all(struct kview_view *view);

/*
 * What @mm needs to become a member; an ERR_PTR() of -ENOMEM, or of -EINTR. Under its mmap_lock, taken for writing, which a
 * fault that waits for a file server may hold for long: hence not under kview_lock, for which all members wait, unless
 * nobody else can have that lock.
 */
struct kview_mm *kview_member_reserve(struct mm_struct *mm);

void kview_member_unreserve(struct kview_mm *record);

DEFINE_FREE(kview_record, struct kview_mm *, if (!IS_ERR_OR_NULL(_T)) kview_member_unreserve(_T))

/*
 * Let @mm, the address space of the process of @task, see @set and nothing else. Takes @set over when it succeeds, and
 * *@record, what is reserved for @mm, when that makes it a member; it is NULL then. -ENOMEM, or what an image fails with:
 * then nothing has changed. Under kview_lock.
 */
int kview_member_show(struct mm_struct *mm, struct task_struct *task, struct kview_set *set, struct kview_mm **record);

/*
 * The same, where @threads, whose reference it takes over (NULL: none), are from now on the threads of @mm that see @view, and
 * nothing else changes.
 */
int kview_member_show_to(struct mm_struct *mm, struct task_struct *task, struct kview_view *view,
			 struct kview_threads *threads, struct kview_mm **record);

/* @task is none of the threads that see @view any more; @member may be gone then. -ENOMEM. Under kview_lock. */
int kview_member_leave_thread(struct kview_mm *member, struct kview_view *view, struct task_struct *task);

/* @task is about to replace its address space by @mm. Takes kview_lock. */
void kview_member_exec(struct task_struct *task, struct mm_struct *mm);

/*
 * The current task is about to leave @mm. If it is the last, the membership ends here: at the end of an address space
 * that still has a notifier the kernel waits for a grace period, which would take each exit 16 ms or so. Takes kview_lock
 * unless it returns false.
 */
bool kview_member_release(struct mm_struct *mm);

/* The current task has made @child, which has not run yet. Takes kview_lock unless it returns false: nothing to do. */
bool kview_member_fork(struct task_struct *child);

/* The member with this address space, or NULL. Under kview_lock. */
struct kview_mm *kview_member_find(const struct mm_struct *mm);

/* Tables that map what the shared ones map, with all regions split that any image has split. */
struct kview_pagetable *kview_member_neutral(void);

/*
 * The @index-th member of @view, or NULL. Where threads of it see the view alone, it is there once for each, which
 * @ret_thread gets; otherwise NULL. Under kview_lock.
 */
struct kview_mm *kview_member_at(const struct kview_view *view, u32 index, struct task_struct **ret_thread);
u32 kview_member_count(const struct kview_view *view);

/* Memory of one that sees @views views. */
size_t kview_member_bytes(u32 views);

#endif
