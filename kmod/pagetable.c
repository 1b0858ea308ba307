// SPDX-License-Identifier: GPL-2.0-only
/*
 * A private table belongs to its owner, who serialises changes. Entries are written whole with WRITE_ONCE, since CPUs
 * walk them at any time. Shared tables are only read here; leaf.c changes one bit of them.
 *
 * The kernel never changes the shared entries of its text after boot but for what CPA does to module memory, which
 * hangs under the next PUD entry and stays shared; so the copies taken here stay true.
 */
#include "pagetable.h"


#include <linux/gfp.h>
#include <linux/pgtable.h>
#include <linux/printk.h>
#include <linux/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/tlbflush.h>

#include "compat/symbols.h"

struct kview_shared_path kview_shared_path(unsigned long addr)
{
	struct kview_shared_path path;

	path.pgd = pgd_offset_pgd(kview_symbols.init_mm->pgd, addr);
	path.p4d = p4d_offset(path.pgd, addr);
	path.pud = pud_offset(path.p4d, addr);
	path.pmd = pmd_offset(path.pud, addr);
	return path;
}

static bool is_table(u64 entry)
{
	return (entry & _PAGE_PRESENT) && !(entry & _PAGE_PSE);
}

static bool is_text_leaf(u64 entry)
{
	/* Write-back, executable, not writable: a private copy may take its flags over. */
	return (entry & _PAGE_PRESENT) && !(entry & (_PAGE_RW | _PAGE_NX | _PAGE_PWT | _PAGE_PCD));
}

static int probe_region(unsigned long addr)
{
	pmd_t *pmd = kview_shared_path(addr).pmd;

	if (pmd_val(*pmd) & _PAGE_PSE)
		return is_text_leaf(pmd_val(*pmd)) && !(pmd_val(*pmd) & _PAGE_PAT_LARGE) ? 0 : -EOPNOTSUPP;
	if (!is_table(pmd_val(*pmd)))
		return -EOPNOTSUPP;
	return is_text_leaf(pte_val(*pte_offset_kernel(pmd, addr))) ? 0 : -EOPNOTSUPP;
}

int kview_pagetable_probe(void)
{
	unsigned long start = kview_symbols._stext, end = kview_symbols._etext;
	struct kview_shared_path path;
	unsigned long addr;

	if (cpu_feature_enabled(X86_FEATURE_XENPV)) {
		pr_err("Xen PV guests own no page tables\n");
		return -EOPNOTSUPP;
	}
	/* Module memory comes and goes by changes of shared PMD entries, of which a copy would not learn. */
	if (start >> PUD_SHIFT == MODULES_VADDR >> PUD_SHIFT) {
		pr_err("modules lie in the same gigabyte as kernel text (CONFIG_RANDOMIZE_BASE is off)\n");
		return -EOPNOTSUPP;
	}
	path = kview_shared_path(start);
	if ((start ^ (end - 1)) >> PUD_SHIFT || !is_table(pgd_val(*path.pgd)) || !is_table(p4d_val(*path.p4d)) ||
	    !is_table(pud_val(*path.pud))) {
		pr_err("kernel text is not mapped as expected\n");
		return -EOPNOTSUPP;
	}
	for (addr = start; addr < end; addr = ALIGN_DOWN(addr + PMD_SIZE, PMD_SIZE)) {
		if (!probe_region(addr))
			continue;
		pr_err("kernel text at %lx is mapped in an unknown way\n", addr);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* @shared's flags (and its memory-encryption bit, which lies outside the mask) with the address of @page. */
static u64 entry_for(u64 shared, void *page)
{
	return (shared & ~PTE_PFN_MASK) | __pa(page);
}

static void *copy_table(struct kview_pagetable *table, void *shared)
{
	void *page = (void *)__get_free_page(GFP_KERNEL);

	if (!page)
		return NULL;
	memcpy(page, (void *)((unsigned long)shared & PAGE_MASK), PAGE_SIZE);
	table->pages++;
	return page;
}

int kview_pagetable_init(struct kview_pagetable *table)
{
	unsigned long text = kview_symbols._stext;
	struct kview_shared_path path = kview_shared_path(text);

	memset(table, 0, sizeof(*table));
	table->pmd = copy_table(table, path.pmd);
	table->pud = copy_table(table, path.pud);
	if (pgtable_l5_enabled())
		table->p4d = copy_table(table, path.p4d);
	if (!table->pmd || !table->pud || (pgtable_l5_enabled() && !table->p4d)) {
		kview_pagetable_deinit(table);
		return -ENOMEM;
	}
	((u64 *)table->pud)[pud_index(text)] = entry_for(pud_val(*path.pud), table->pmd);
	if (table->p4d)
		((u64 *)table->p4d)[p4d_index(text)] = entry_for(p4d_val(*path.p4d), table->pud);
	return 0;
}

void kview_pagetable_deinit(struct kview_pagetable *table)
{
	unsigned int i;

	for (i = 0; i < KVIEW_REGIONS; i++)
		free_page((unsigned long)table->pte[i]);
	free_page((unsigned long)table->pmd);
	free_page((unsigned long)table->pud);
	free_page((unsigned long)table->p4d);
	memset(table, 0, sizeof(*table));
}

/* The shared mapping of the 4 KiB page at @addr as a non-global PTE. */
static u64 shared_pte(unsigned long addr)
{
	pmd_t *pmd = kview_shared_path(addr).pmd;
	u64 leaf;

	if (is_table(pmd_val(*pmd)))
		leaf = pte_val(*pte_offset_kernel(pmd, addr));
	else
		leaf = (pmd_val(*pmd) & ~_PAGE_PSE) + (addr & ~PMD_MASK & PAGE_MASK);
	/* Gaps (a text section's tail) stay what they are; only present entries carry the bit. */
	return leaf & _PAGE_PRESENT ? leaf & ~(u64)_PAGE_GLOBAL : leaf;
}

int kview_pagetable_split(struct kview_pagetable *table, unsigned long addr)
{
	unsigned int region = pmd_index(addr);
	u64 *pte;
	int i;

	if (table->pte[region])
		return 0;
	pte = (u64 *)__get_free_page(GFP_KERNEL);
	if (!pte)
		return -ENOMEM;
	for (i = 0; i < PTRS_PER_PTE; i++)
		pte[i] = shared_pte((addr & PMD_MASK) + i * PAGE_SIZE);
	table->pages++;
	table->pte[region] = pte;
	smp_wmb(); /* other CPUs walk the table from the next store on: it has to be complete */
	/* The flags of a table entry: those of the PUD entry above, which is one. */
	WRITE_ONCE(((u64 *)table->pmd)[region], entry_for(((u64 *)table->pud)[pud_index(addr)], pte));
	return 0;
}

void kview_pagetable_set(struct kview_pagetable *table, unsigned long addr, void *copy)
{
	u64 *pte = table->pte[pmd_index(addr)];
	u64 entry = shared_pte(addr);

	if (copy)
		entry = (entry & ~PTE_PFN_MASK) | PFN_PHYS(vmalloc_to_pfn(copy));
	WRITE_ONCE(pte[pte_index(addr)], entry);
}

static u64 table_entry(const struct kview_pagetable *table)
{
	u64 shared = pgd_val(*pgd_offset_pgd(kview_symbols.init_mm->pgd, kview_symbols._stext));

	if (!table)
		return shared;
	return entry_for(shared, table->p4d ?: table->pud);
}

void kview_pagetable_install(struct mm_struct *mm, const struct kview_pagetable *table)
{
	/* With page table isolation this is the kernel's half of the pair; the user's half maps no hookable text. */
	WRITE_ONCE(*(u64 *)pgd_offset_pgd(mm->pgd, kview_symbols._stext), table_entry(table));
}
