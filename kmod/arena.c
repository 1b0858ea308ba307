// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena is a list of blocks; a block is a run of pages, a page is free, whole, or cut into slots of 64 bytes.
 *
 * arena_lock guards the bookkeeping and nests inside everything; contents are guarded by text_mutex, which text_poke()
 * wants held. Blocks that become empty are given back except one, so that attach/detach cycles do not churn the
 * module area's page tables.
 */
#include "arena.h"

#include <linux/bitmap.h>
#include <linux/bpf.h>
#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/execmem.h"
#include "compat/symbols.h"

#define BLOCK_PAGES 64 /* 256 KiB: one TLB-flushing permission change serves about 60 hooks' pages */
#define SLOT_SIZE 64   /* trampolines take 4 to 5 */
#define PAGE_SLOTS (PAGE_SIZE / SLOT_SIZE)
#define INT3 0xcc

struct kview_block {
	struct list_head node;
	void *base;
	struct bpf_ksym ksym;	  /* makes it kernel text for stack traces, and gives it a name there */
	struct rcu_head rcu;
	unsigned int used;	  /* pages not free */
	u64 slots[BLOCK_PAGES];	  /* bit per slot in use; all ones for whole pages */
	DECLARE_BITMAP(cut, BLOCK_PAGES); /* page is cut into slots */
};

static_assert(PAGE_SLOTS == 64, "one u64 holds the slots of a page");

static const u8 int3s[PAGE_SIZE] = { [0 ... PAGE_SIZE - 1] = INT3 };

static DEFINE_MUTEX(arena_lock);
static LIST_HEAD(blocks);
static size_t used_bytes;

/* Without a symbol a stack trace through a stub would end there: unwinders follow known text only. */
static void name_block(struct kview_block *block)
{
	INIT_LIST_HEAD_RCU(&block->ksym.lnode);
	block->ksym.start = (unsigned long)block->base;
	block->ksym.end = block->ksym.start + BLOCK_PAGES * PAGE_SIZE;
	strscpy(block->ksym.name, "kview_stub", sizeof(block->ksym.name));
	kview_call(bpf_ksym_add)(&block->ksym);
}

static void block_free(struct kview_block *block)
{
	list_del(&block->node);
	if (block->ksym.start)
		kview_call(bpf_ksym_del)(&block->ksym);
	kview_execmem_free(block->base);
	kfree_rcu(block, rcu); /* readers walk the symbols under RCU */
}

static struct kview_block *block_new(void)
{
	struct kview_block *block = kzalloc(sizeof(*block), GFP_KERNEL);
	size_t size = BLOCK_PAGES * PAGE_SIZE;

	if (!block)
		return NULL;
	block->base = kview_execmem_alloc(size);
	if (!block->base) {
		kfree(block);
		return NULL;
	}
	list_add(&block->node, &blocks);
	memset(block->base, INT3, size);
	if (kview_call(set_memory_ro)((unsigned long)block->base, BLOCK_PAGES) ||
	    kview_call(set_memory_x)((unsigned long)block->base, BLOCK_PAGES)) {
		block_free(block);
		return NULL;
	}
	name_block(block);
	return block;
}

static u64 slot_mask(unsigned int first, unsigned int count)
{
	return count == PAGE_SLOTS ? ~0ULL : ((1ULL << count) - 1) << first;
}

/* First run of @count free slots in @map, or -1. */
static int find_slots(u64 map, unsigned int count)
{
	unsigned int first;

	for (first = 0; first + count <= PAGE_SLOTS; first++) {
		if (!(map & slot_mask(first, count)))
			return first;
	}
	return -1;
}

static void *take_slots(struct kview_block *block, unsigned int page, unsigned int first, unsigned int count)
{
	if (!block->slots[page])
		block->used++;
	__set_bit(page, block->cut);
	block->slots[page] |= slot_mask(first, count);
	return block->base + page * PAGE_SIZE + first * SLOT_SIZE;
}

/* Small pieces first fill pages that are cut already, so that whole pages stay whole. */
static void *alloc_slots(struct kview_block *block, unsigned int count)
{
	unsigned int page;
	int first;

	for_each_set_bit(page, block->cut, BLOCK_PAGES) {
		first = find_slots(block->slots[page], count);
		if (first >= 0)
			return take_slots(block, page, first, count);
	}
	for (page = 0; page < BLOCK_PAGES; page++) {
		if (!block->slots[page])
			return take_slots(block, page, 0, count);
	}
	return NULL;
}

static void *alloc_pages_run(struct kview_block *block, unsigned int count)
{
	unsigned int page, run = 0;

	for (page = 0; page < BLOCK_PAGES; page++) {
		run = block->slots[page] ? 0 : run + 1;
		if (run < count)
			continue;
		page -= count - 1;
		memset64(&block->slots[page], ~0ULL, count);
		block->used += count;
		return block->base + page * PAGE_SIZE;
	}
	return NULL;
}

/* What @size takes: slots, or whole pages. */
static size_t rounded(size_t size)
{
	return round_up(size, size < PAGE_SIZE ? SLOT_SIZE : PAGE_SIZE);
}

static void *block_alloc(struct kview_block *block, size_t size)
{
	void *ptr = size < PAGE_SIZE ? alloc_slots(block, size / SLOT_SIZE) : alloc_pages_run(block, size / PAGE_SIZE);

	if (ptr)
		used_bytes += size;
	return ptr;
}

void *kview_arena_alloc(size_t size)
{
	struct kview_block *block;
	void *ptr;

	if (WARN_ON_ONCE(!size || size > KVIEW_ARENA_MAX))
		return NULL;
	size = rounded(size);
	guard(mutex)(&arena_lock);
	list_for_each_entry(block, &blocks, node) {
		ptr = block_alloc(block, size);
		if (ptr)
			return ptr;
	}
	block = block_new();
	return block ? block_alloc(block, size) : NULL;
}

static struct kview_block *block_of(void *ptr)
{
	struct kview_block *block;

	list_for_each_entry(block, &blocks, node) {
		if (ptr >= block->base && ptr < block->base + BLOCK_PAGES * PAGE_SIZE)
			return block;
	}
	return NULL;
}

static void release(struct kview_block *block, void *ptr, size_t size)
{
	unsigned int page = (ptr - block->base) / PAGE_SIZE;

	if (size >= PAGE_SIZE) {
		memset64(&block->slots[page], 0, size / PAGE_SIZE);
		block->used -= size / PAGE_SIZE;
		return;
	}
	block->slots[page] &= ~slot_mask(offset_in_page(ptr) / SLOT_SIZE, size / SLOT_SIZE);
	if (!block->slots[page]) {
		__clear_bit(page, block->cut);
		block->used--;
	}
}

/* A stale TLB entry or a frame that should be gone traps on int3 instead of running what comes here next. */
static void poison(void *ptr, size_t size)
{
	size_t done;

	for (done = 0; done < size; done += PAGE_SIZE)
		kview_call(text_poke)(ptr + done, int3s, min_t(size_t, size - done, PAGE_SIZE));
}

void kview_arena_free_locked(void *ptr, size_t size)
{
	struct kview_block *block;

	lockdep_assert_held(kview_symbols.text_mutex);
	if (!ptr)
		return;
	size = rounded(size);
	poison(ptr, size);
	guard(mutex)(&arena_lock);
	block = block_of(ptr);
	if (WARN_ON_ONCE(!block))
		return;
	release(block, ptr, size);
	used_bytes -= size;
	if (!block->used && !list_is_singular(&blocks))
		block_free(block);
}

void kview_arena_free(void *ptr, size_t size)
{
	guard(mutex)(kview_symbols.text_mutex);
	kview_arena_free_locked(ptr, size);
}

void kview_arena_write(void *dst, const void *src, size_t len)
{
	size_t done, part;

	lockdep_assert_held(kview_symbols.text_mutex);
	for (done = 0; done < len; done += part) {
		part = min_t(size_t, len - done, PAGE_SIZE);
		kview_call(text_poke)(dst + done, src + done, part);
	}
}

size_t kview_arena_used(void)
{
	guard(mutex)(&arena_lock);
	return used_bytes;
}

void kview_arena_exit(void)
{
	struct kview_block *block, *next;

	WARN_ON_ONCE(used_bytes);
	list_for_each_entry_safe(block, next, &blocks, node)
		block_free(block);
}
