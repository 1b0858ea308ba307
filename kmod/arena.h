/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executable memory for trampolines and text copies.
 *
 * Memory lies in the module area, within +-2 GiB of kernel text, and is read-only and executable from the moment it is
 * handed out: neither its own mapping nor its direct-map alias can be written. Bytes get in through text_poke() alone.
 */
#ifndef KVIEW_ARENA_H
#define KVIEW_ARENA_H

#include <linux/types.h>

#define KVIEW_ARENA_MAX (16 * 4096UL) /* a trampoline for more than 800 programs */

/*
 * Allocate @size bytes, at most KVIEW_ARENA_MAX; from a page on they are page-aligned. NULL when out of memory. Sleeps;
 * takes only the arena's own lock, so any lock may be held that allows sleeping.
 */
void *kview_arena_alloc(size_t size);

/* Free what kview_arena_alloc(@size) returned, and fill it with int3. Takes text_mutex. */
void kview_arena_free(void *ptr, size_t size);

/* Same, for callers that hold text_mutex. */
void kview_arena_free_locked(void *ptr, size_t size);

/* Write @len bytes to @dst in the arena. Callers hold text_mutex. */
void kview_arena_write(void *dst, const void *src, size_t len);

/* Bytes in use, rounded to allocation units. */
size_t kview_arena_used(void);

/* Give all blocks back. Nothing may be allocated any more. */
void kview_arena_exit(void);

#endif
