/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A patcher: a task that rewrites kernel text where some image has patches of its own, and must read the shared text
 * while it does. coherence.h tells which of them need what.
 */
#ifndef KVIEW_PATCHER_H
#define KVIEW_PATCHER_H

#include <linux/types.h>

struct mm_struct;

struct kview_patcher {
	struct mm_struct *mm; /* a member's address space that stepped out; NULL: none did */
};

/* The current task starts to patch; sites in question are marked dirty. Under kview_lock and text_mutex. */
void kview_patcher_begin(struct kview_patcher *patcher);

/* It has finished. Without a begin before it does nothing. Under kview_lock. */
void kview_patcher_end(struct kview_patcher *patcher);

/*
 * The current task is about to read @len bytes of text at @addr, or to write and verify them, and holds text_mutex for as
 * long as that takes. If it would read a patch of ours it steps out of its image, or, without an address space of its
 * own, the page goes aside; both come back soon after text_mutex is free. Does not sleep. Under text_mutex.
 */
void kview_patcher_reads(unsigned long addr, size_t len);

/* Wait for those who stepped out to be back. */
void kview_patcher_exit(void);

#endif
