/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A member: one address space that sees one or more views.
 *
 * Views are shown through page tables, so all tasks of an address space are in: threads, io_uring workers, and a vfork
 * child until its exec. fork() builds a new address space from the kernel's own tables and so never inherits. exec of
 * the process that was added is followed in begin_new_exec(), which is hooked in every image. The end of the address
 * space is learned through an mmu notifier.
 */
#ifndef KVIEW_MEMBER_H
#define KVIEW_MEMBER_H

#include <linux/mmu_notifier.h>
#include <linux/pid.h>

struct kview_image;
struct kview_pagetable;
struct kview_view;

struct kview_mm {
	struct mmu_notifier notifier;
	struct list_head node; /* in its image */
	struct mm_struct *mm;  /* the notifier holds mm_count */
	struct pid *tgid;      /* the process that was added */
	struct kview_image *image;
};

int kview_member_init(void);
void kview_member_exit_module(void);

/* Make the process of @task see @view too. Writes a KVIEW_WHY_*. Takes kview_lock. */
int kview_member_add(struct kview_view *view, struct task_struct *task, u32 *why);

/* Undo. */
int kview_member_remove(struct kview_view *view, struct task_struct *task, u32 *why);

/* All members of @view leave it. Under kview_lock. */
void kview_member_leave_all(struct kview_view *view);

/* @task is about to replace its address space by @mm. Takes kview_lock. */
void kview_member_exec(struct task_struct *task, struct mm_struct *mm);

/* The member with this address space, or NULL. Under kview_lock. */
struct kview_mm *kview_member_find(const struct mm_struct *mm);

/* Tables that map what the shared ones map, with all regions split that any image has split. */
struct kview_pagetable *kview_member_neutral(void);

/* The @index-th member of @view, or NULL. Under kview_lock. */
struct kview_mm *kview_member_at(const struct kview_view *view, u32 index);
u32 kview_member_count(const struct kview_view *view);

#endif
