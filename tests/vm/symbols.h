/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's functions: where they are and which of them can be hooked. */
#ifndef TESTS_VM_SYMBOLS_H
#define TESTS_VM_SYMBOLS_H

#include <stddef.h>

#include <kview.h>

/* Address of a symbol; 0 when there is none of this name. */
unsigned long symbol_address(const char *name);

/* Targets of KVIEW_HOOK_ENTRY by address, in rising order. */
struct targets {
	struct kview_target *list;
	size_t count;
};

/* Every function the module agrees to hook. */
struct targets targets_all(void);

/* Every function it agrees to hook in this way (KVIEW_HOOK_ENTRY, KVIEW_HOOK_RETURN). */
struct targets targets_of(__u32 kind);

/* Of @all, the first function of each page of kernel text: with these hooked, every page that can be is private. */
struct targets targets_per_page(const struct targets *all);

/* Index of the target at @addr; the end of the case when it is none. */
size_t targets_find(const struct targets *targets, unsigned long addr);

#endif
