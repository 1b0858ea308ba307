// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search goes by bytes, not by instructions. A false match would have to hit the exact address of a list: then the
 * set-up behind it is not recognised, and the tracepoint is refused.
 */
#include "loads.h"

#include <linux/cleanup.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>

#include "compat/symbols.h"

#define INT3 0xcc

struct load {
	unsigned long addr;
	unsigned long list; /* address of the list that is loaded */
};

static DEFINE_MUTEX(lock);
static struct load *loads; /* NULL: not searched for yet */
static u32 count;

/* Addresses between which all lists lie. */
struct bounds {
	unsigned long first;
	unsigned long last;
};

static void widen(struct tracepoint *tp, void *data)
{
	struct bounds *bounds = data;

	bounds->first = min(bounds->first, (unsigned long)&tp->funcs);
	bounds->last = max(bounds->last, (unsigned long)&tp->funcs);
}

/* REX.W [REX.R] 8b /r with a rip-relative operand; the first byte may be a breakpoint right now. */
static bool is_load(const u8 *code)
{
	return code[1] == 0x8b && (code[2] & 0xc7) == 0x05 && ((code[0] & 0xfb) == 0x48 || code[0] == INT3);
}

static unsigned long operand(const u8 *code, unsigned long addr)
{
	s32 distance;

	memcpy(&distance, code + 3, sizeof(distance));
	return addr + KVIEW_TRACE_SIZE + distance;
}

/* Count the loads, and write them down where there is @to. */
static u32 search(const struct bounds *bounds, struct load *to)
{
	unsigned long addr = kview_symbols._stext, end = kview_symbols._etext - KVIEW_TRACE_SIZE, list;
	const u8 *code = __va(__pa(addr)); /* the shared text, whatever view the caller runs in */
	u32 seen = 0;

	for (; addr < end; addr++, code++) {
		if (!(addr & 0xffff))
			cond_resched();
		if (!is_load(code))
			continue;
		list = operand(code, addr);
		if (list < bounds->first || list > bounds->last)
			continue;
		if (to && seen < count)
			to[seen] = (struct load){ .addr = addr, .list = list };
		seen++;
	}
	return seen;
}

static int search_once(void)
{
	struct bounds bounds = { .first = ULONG_MAX };

	if (loads)
		return 0;
	for_each_kernel_tracepoint(widen, &bounds);
	count = search(&bounds, NULL);
	loads = kvcalloc(max(count, 1u), sizeof(*loads), GFP_KERNEL);
	if (!loads)
		return -ENOMEM;
	count = min(count, search(&bounds, loads));
	return 0;
}

static bool in_iterator(const struct tracepoint *tp, unsigned long addr)
{
	unsigned long size, offset;

	return kview_call(kallsyms_lookup_size_offset)(addr, &size, &offset) &&
	       addr - offset == (unsigned long)tp->iterator;
}

int kview_loads_of(const struct tracepoint *tp, unsigned long **ret_loads, u32 *ret_count)
{
	unsigned long *list;
	u32 i, used = 0;
	int err;

	guard(mutex)(&lock);
	err = search_once();
	if (err)
		return err;
	list = kvcalloc(max(count, 1u), sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		if (loads[i].list == (unsigned long)&tp->funcs && !in_iterator(tp, loads[i].addr))
			list[used++] = loads[i].addr;
	}
	*ret_loads = list;
	*ret_count = used;
	return 0;
}

void kview_loads_exit(void)
{
	kvfree(loads);
	loads = NULL;
}
