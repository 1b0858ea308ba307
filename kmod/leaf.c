// SPDX-License-Identifier: GPL-2.0-only
#include "leaf.h"


#include <linux/pgtable.h>
#include <linux/printk.h>

#include "compat/symbols.h"
#include "pagetable.h"

struct leaf {
	u32 refs;     /* private pages over this leaf, in all images */
	bool cleared; /* it was global before the first */
};

/*
 * Text is mapped by 2 MiB leaves, but for the last region of kernels whose text does not end on 2 MiB: there the leaves
 * are PTEs. One such region is expected (6.1 has it, 6.12 does not).
 */
static struct leaf large[KVIEW_REGIONS];
static struct leaf small[PTRS_PER_PTE];
static unsigned int cleared;

static bool is_small(unsigned long addr)
{
	return !(pmd_val(*kview_shared_path(addr).pmd) & _PAGE_PSE);
}

static struct leaf *leaf_of(unsigned long addr, unsigned long **ret_entry)
{
	pmd_t *pmd = kview_shared_path(addr).pmd;

	if (is_small(addr)) {
		*ret_entry = (unsigned long *)pte_offset_kernel(pmd, addr);
		return &small[pte_index(addr)];
	}
	*ret_entry = (unsigned long *)pmd;
	return &large[pmd_index(addr)];
}

bool kview_leaf_get(unsigned long addr)
{
	unsigned long *entry;
	struct leaf *leaf = leaf_of(addr, &entry);

	lockdep_assert_held(kview_symbols.text_mutex);
	if (leaf->refs++)
		return false;
	/* Atomic, since the CPU sets the accessed bit in the same word. */
	leaf->cleared = test_and_clear_bit(_PAGE_BIT_GLOBAL, entry);
	cleared += leaf->cleared;
	return leaf->cleared;
}

void kview_leaf_put(unsigned long addr)
{
	unsigned long *entry;
	struct leaf *leaf = leaf_of(addr, &entry);

	lockdep_assert_held(kview_symbols.text_mutex);
	if (WARN_ON_ONCE(!leaf->refs) || --leaf->refs || !leaf->cleared)
		return;
	set_bit(_PAGE_BIT_GLOBAL, entry);
	leaf->cleared = false;
	cleared--;
}

unsigned int kview_leaves(void)
{
	return READ_ONCE(cleared);
}

int kview_leaf_probe(void)
{
	unsigned long addr, odd = 0;

	for (addr = kview_symbols._stext; addr < kview_symbols._etext; addr = ALIGN_DOWN(addr + PMD_SIZE, PMD_SIZE))
		odd += is_small(addr);
	if (odd <= 1)
		return 0;
	pr_err("%lu regions of kernel text are not mapped by 2 MiB pages; 1 is supported\n", odd);
	return -EOPNOTSUPP;
}
