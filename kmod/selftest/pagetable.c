// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "arena.h"
#include "compat/symbols.h"
#include "pagetable.h"
#include "selftest/selftest.h"

static u64 private_pfn(const struct kview_pagetable *table, unsigned long addr)
{
	u64 *pte = table->pte[pmd_index(addr)];

	return (pte[pte_index(addr)] & PTE_PFN_MASK) >> PAGE_SHIFT;
}

static bool is_global(const struct kview_pagetable *table, unsigned long addr)
{
	u64 *pte = table->pte[pmd_index(addr)];

	return pte[pte_index(addr)] & _PAGE_GLOBAL;
}

static int check_identity(struct kview_pagetable *table)
{
	unsigned long addr;
	int err;

	for (addr = kview_symbols._stext & PAGE_MASK; addr < kview_symbols._etext; addr += PAGE_SIZE) {
		err = kview_pagetable_split(table, addr);
		if (err)
			return err;
		if (private_pfn(table, addr) != PHYS_PFN(__pa(addr)) || is_global(table, addr))
			return -EIO;
	}
	return 0;
}

static int check_copy(struct kview_pagetable *table)
{
	unsigned long addr = (kview_symbols._stext & PAGE_MASK) + PAGE_SIZE;
	void *copy = kview_arena_alloc(PAGE_SIZE);
	int err = 0;

	if (!copy)
		return -ENOMEM;
	kview_pagetable_set(table, addr, copy);
	if (private_pfn(table, addr) != vmalloc_to_pfn(copy))
		err = -EIO;
	kview_pagetable_set(table, addr, NULL);
	if (private_pfn(table, addr) != PHYS_PFN(__pa(addr)))
		err = -EIO;
	kview_arena_free(copy, PAGE_SIZE);
	return err;
}

int kview_selftest_pagetable(void)
{
	struct kview_pagetable *table = kmalloc(sizeof(*table), GFP_KERNEL);
	int err;

	if (!table)
		return -ENOMEM;
	err = kview_pagetable_init(table);
	if (!err)
		err = check_identity(table);
	if (!err)
		err = check_copy(table);
	kview_pagetable_deinit(table);
	kfree(table);
	return err;
}
