// SPDX-License-Identifier: GPL-2.0-or-later
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 65536 /* bytes; what is larger gets a piece of its own */
#define ALIGNMENT _Alignof(max_align_t)

struct arena_piece {
	struct arena_piece *next;
	_Alignas(max_align_t) unsigned char bytes[];
};

static bool add_piece(struct arena *arena, size_t size)
{
	struct arena_piece *piece = calloc(1, sizeof(*piece) + size);

	if (!piece)
		return false;
	piece->next = arena->pieces;
	arena->pieces = piece;
	arena->used = 0;
	arena->size = size;
	return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *found;

	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size > arena->size - arena->used && !add_piece(arena, size > PIECE ? size : PIECE)) {
		arena->failed = true;
		return NULL;
	}
	found = arena->pieces->bytes + arena->used;
	arena->used += size;
	return found;
}

void arena_free(struct arena *arena)
{
	struct arena_piece *piece;

	while ((piece = arena->pieces)) {
		arena->pieces = piece->next;
		free(piece);
	}
}

/* There is room for as many as the next power of two of @count. */
void arena_append(struct arena *arena, void ***array, size_t *count, void *item)
{
	void **grown = *array;

	if (!item)
		return;
	if (!(*count & (*count - 1))) {
		grown = arena_alloc(arena, (*count ? *count * 2 : 1) * sizeof(item));
		if (!grown)
			return;
		if (*count)
			memcpy(grown, *array, *count * sizeof(item));
		*array = grown;
	}
	grown[(*count)++] = item;
}
