/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is given back all at once. */
#ifndef KVIEW_MONITOR_ARENA_H
#define KVIEW_MONITOR_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_piece;

/* {} is an empty one. */
struct arena {
	struct arena_piece *pieces;
	size_t used, size; /* of the first piece */
	bool failed; /* there was no memory, at least once */
};

/* Zeroed; NULL: there is no memory. */
void *arena_alloc(struct arena *arena, size_t size);
void arena_free(struct arena *arena);

/* Add @item to an array of @count pointers that began as NULL and 0. NULL is not added. */
void arena_append(struct arena *arena, void ***array, size_t *count, void *item);

#endif /* KVIEW_MONITOR_ARENA_H */
