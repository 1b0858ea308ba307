// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "arena.h"
#include "compat/symbols.h"
#include "selftest/selftest.h"

/* Slots, a page and a run of pages: enough to fill one block and begin the next. */
static const size_t sizes[] = { 1, 64, 65, 300, 4095, 4096, 8192, KVIEW_ARENA_MAX, KVIEW_ARENA_MAX,
				KVIEW_ARENA_MAX, KVIEW_ARENA_MAX, 64, 4096 };

static bool filled(const u8 *ptr, size_t size, u8 byte)
{
	return !memchr_inv(ptr, byte, size);
}

static void write(void *ptr, size_t size, u8 byte)
{
	size_t i;

	guard(mutex)(kview_symbols.text_mutex);
	for (i = 0; i < size; i++)
		kview_arena_write(ptr + i, &byte, 1);
}

static int check_contents(void *const *ptrs)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (!filled(ptrs[i], min(sizes[i], 64UL), i))
			return -EIO; /* another piece overlaps it */
	}
	return 0;
}

static int check_pieces(void)
{
	void *ptrs[ARRAY_SIZE(sizes)] = {};
	int i, err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(sizes); i++) {
		ptrs[i] = kview_arena_alloc(sizes[i]);
		if (!ptrs[i])
			err = -ENOMEM;
		else if (sizes[i] >= PAGE_SIZE && offset_in_page(ptrs[i]))
			err = -EINVAL;
		else
			write(ptrs[i], min(sizes[i], 64UL), i);
	}
	if (!err)
		err = check_contents(ptrs);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (ptrs[i])
			kview_arena_free(ptrs[i], sizes[i]);
	}
	return err ?: kview_arena_used() ? -EBUSY : 0;
}

/* What is freed holds int3; a neighbour in the same page keeps it mapped for the look. */
static int check_poison(void)
{
	void *freed = kview_arena_alloc(64), *kept = kview_arena_alloc(64);
	int err = -ENOMEM;

	if (freed && kept) {
		write(freed, 64, 0x90);
		kview_arena_free(freed, 64);
		err = filled(freed, 64, 0xcc) ? 0 : -EUCLEAN;
		freed = NULL;
	}
	kview_arena_free(freed, 64);
	kview_arena_free(kept, 64);
	return err;
}

int kview_selftest_arena(void)
{
	return check_pieces() ?: check_poison();
}
