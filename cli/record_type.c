// SPDX-License-Identifier: GPL-2.0-or-later
/* Guess what a record is. Buffers have no value type in BTF, so it is conventions that tell; two candidates tell nothing. */
#include "record_type.h"

#include <stdbool.h>
#include <string.h>

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length >= end_length && !strcmp(name + length - end_length, end);
}

static bool is_struct_of(const struct btf *btf, uint32_t id, size_t size)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	return t && btf_is_struct(t) && t->size == size;
}

/* What a global pointer variable points to: type number @id when that is one, else 0. */
static uint32_t pointed_to(const struct btf *btf, const struct btf_type *t)
{
	int id;

	if (!btf_is_var(t))
		return 0;
	id = btf__resolve_type(btf, t->type);
	t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	if (!t || !btf_is_ptr(t))
		return 0;
	id = btf__resolve_type(btf, t->type);
	return id > 0 ? id : 0;
}

static uint32_t named_record(const struct btf *btf, uint32_t id)
{
	const char *name = btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off);

	return ends_with(name, "event") || ends_with(name, "record") ? id : 0;
}

static uint32_t candidate(const struct btf *btf, uint32_t id, bool by_name)
{
	return by_name ? named_record(btf, id) : pointed_to(btf, btf__type_by_id(btf, id));
}

static uint32_t find_one(const struct btf *btf, size_t size, bool by_name)
{
	uint32_t id, found = 0, at;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		at = candidate(btf, id, by_name);
		if (!at || at == found || !is_struct_of(btf, at, size))
			continue;
		if (found)
			return 0;
		found = at;
	}
	return found;
}

uint32_t record_type(const struct btf *btf, size_t size)
{
	if (!btf)
		return 0;
	return find_one(btf, size, false) ?: find_one(btf, size, true);
}
