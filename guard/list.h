/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that grow: items of one size behind each other. */
#ifndef GUARD_LIST_H
#define GUARD_LIST_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct guard_list {
	void *items;
	size_t size, count, room;
};

static inline void guard_list_init(struct guard_list *list, size_t size)
{
	*list = (struct guard_list){ .size = size };
}

static inline void guard_list_deinit(struct guard_list *list)
{
	free(list->items);
	guard_list_init(list, list->size);
}

static inline void *guard_list_at(const struct guard_list *list, size_t index)
{
	return (char *)list->items + index * list->size;
}

/* Append a zeroed item; NULL: no memory. All items may move. */
static inline void *guard_list_add(struct guard_list *list)
{
	void *items;

	if (list->count == list->room) {
		items = reallocarray(list->items, 2 * list->room + 16, list->size);
		if (!items)
			return NULL;
		list->items = items;
		list->room = 2 * list->room + 16;
	}
	return memset(guard_list_at(list, list->count++), 0, list->size);
}

/* For each item, @item a pointer to its type. */
#define guard_list_each(list, item)                                                                                    \
	for ((item) = (list)->items; (item) && (item) < (typeof(item))guard_list_at(list, (list)->count); (item)++)

#endif /* GUARD_LIST_H */
