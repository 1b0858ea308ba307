/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private page tables for the gigabyte that holds kernel text.
 *
 * A table starts as a copy of the shared path (PUD and PMD page, with five levels a P4D page too) and maps what the
 * shared one maps. kview_pagetable_split() gives it 4 KiB entries for a region of 2 MiB, after which single pages of
 * that region can be pointed elsewhere. All private leaf entries are non-global.
 */
#ifndef KVIEW_PAGETABLE_H
#define KVIEW_PAGETABLE_H

#include <linux/mm_types.h>
#include <linux/pgtable.h>
#include <linux/types.h>

#define KVIEW_REGIONS 512 /* 2 MiB regions in the gigabyte */

struct kview_pagetable {
	void *p4d; /* NULL with four levels */
	void *pud;
	void *pmd;
	void *pte[KVIEW_REGIONS]; /* NULL: region not split */
	unsigned int pages;
};

/* Check that this machine maps its kernel text as expected. -EOPNOTSUPP and a line in the log otherwise. */
int kview_pagetable_probe(void);

int kview_pagetable_init(struct kview_pagetable *table);

/* No address space may use @table any more, and all TLBs must have forgotten it. */
void kview_pagetable_deinit(struct kview_pagetable *table);

/* Is the region of @addr split? */
static inline bool kview_pagetable_is_split(const struct kview_pagetable *table, unsigned long addr)
{
	return table->pte[(addr >> 21) % KVIEW_REGIONS];
}

/*
 * Split the region of @addr; no-op when it is. The mapping stays the same. When an address space uses @table, its TLBs
 * must be flushed before the first page of the region changes: a page's size and its address must not change at once
 * (Intel erratum "ITLB multihit").
 */
int kview_pagetable_split(struct kview_pagetable *table, unsigned long addr);

/* Point the page of @addr to @copy (vmalloc memory), or back to the shared page with NULL. The region is split. */
void kview_pagetable_set(struct kview_pagetable *table, unsigned long addr, void *copy);

/* Let @mm see @table, or the shared tables with NULL. The caller flushes. */
void kview_pagetable_install(struct mm_struct *mm, const struct kview_pagetable *table);

/* The shared entries on the way to kernel text. */
struct kview_shared_path {
	pgd_t *pgd;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd; /* a 2 MiB leaf, or a table */
};

struct kview_shared_path kview_shared_path(unsigned long addr);

#endif
