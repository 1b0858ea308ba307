/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A patcher: the task that is rewriting functions some image hooks, and must read the shared text while it does.
 * coherence.h tells which of them need what.
 */
#ifndef KVIEW_PATCHER_H
#define KVIEW_PATCHER_H

#include <linux/types.h>

struct mm_struct;

struct kview_patcher {
	struct mm_struct *mm; /* a member's address space that stepped out; NULL: none did */
	u64 since;	      /* ktime_get_ns() */
};

/* The current task starts to patch; sites in question are marked dirty. Under kview_lock and text_mutex. */
void kview_patcher_begin(struct kview_patcher *patcher);

/* It has finished. Without a begin before it does nothing. Under kview_lock. */
void kview_patcher_end(struct kview_patcher *patcher);

#endif
