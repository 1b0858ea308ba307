/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmap_write_trylock(), which Linux 6.12 has not got. Pairs with mmap_write_unlock(), which ends what a writer has begun:
 * with locks for each mapping, since "mm: convert mm_lock_seq to a proper seqcount" (v6.14, and stable releases before), a
 * sequence count.
 */
#ifndef KVIEW_COMPAT_MMAP_LOCK_H
#define KVIEW_COMPAT_MMAP_LOCK_H

#include <linux/mmap_lock.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>

static inline bool kview_mmap_write_trylock(struct mm_struct *mm)
{
	if (!down_write_trylock(&mm->mmap_lock))
		return false;
#ifdef CONFIG_PER_VMA_LOCK
	if (__same_type(mm->mm_lock_seq, seqcount_t))
		do_raw_write_seqcount_begin((seqcount_t *)&mm->mm_lock_seq);
#endif
	return true;
}

#endif
