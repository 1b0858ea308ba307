// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding up the values a per-CPU map has on each CPU. */
#include "value.h"

#include <stdbool.h>
#include <string.h>

static void add_value(const struct btf *btf, uint32_t type, uint8_t *sum, const uint8_t *part, size_t size);

static bool is_zero(const uint8_t *data, size_t size)
{
	while (size && !*data) {
		data++;
		size--;
	}
	return !size;
}

static void take_over(uint8_t *sum, const uint8_t *part, size_t size)
{
	if (is_zero(sum, size))
		memcpy(sum, part, size);
}

static void add_number(uint8_t *sum, const uint8_t *part, size_t size)
{
	uint64_t a = 0, b = 0;

	if (size > sizeof(a))
		return take_over(sum, part, size);
	memcpy(&a, sum, size);
	memcpy(&b, part, size);
	a += b;
	memcpy(sum, &a, size);
}

/* Text, addresses and digests are arrays of bytes: nothing to add. */
static void add_elements(const struct btf *btf, const struct btf_array *array, uint8_t *sum, const uint8_t *part, size_t size)
{
	int64_t step = btf__resolve_size(btf, array->type);
	size_t at;

	if (step <= 1)
		return take_over(sum, part, size);
	for (at = 0; at + step <= size; at += step)
		add_value(btf, array->type, sum + at, part + at, step);
}

/* Bit-fields share bytes: they stay as the first CPU has them. */
static void add_members(const struct btf *btf, const struct btf_type *t, uint8_t *sum, const uint8_t *part, size_t size)
{
	uint32_t i, offset;
	int64_t length;

	for (i = 0; i < btf_vlen(t); i++) {
		offset = btf_member_bit_offset(t, i) / 8;
		length = btf__resolve_size(btf, btf_members(t)[i].type);
		if (length < 0 || offset + length > (int64_t)size)
			continue;
		if (btf_member_bitfield_size(t, i))
			take_over(sum + offset, part + offset, length);
		else
			add_value(btf, btf_members(t)[i].type, sum + offset, part + offset, length);
	}
}

static void add_value(const struct btf *btf, uint32_t id, uint8_t *sum, const uint8_t *part, size_t size)
{
	const struct btf_type *t = value_type(btf, id);

	switch (t ? btf_kind(t) : BTF_KIND_UNKN) {
	case BTF_KIND_INT:
		add_number(sum, part, size);
		break;
	case BTF_KIND_ARRAY:
		add_elements(btf, btf_array(t), sum, part, size);
		break;
	case BTF_KIND_STRUCT:
		add_members(btf, t, sum, part, size);
		break;
	default:
		take_over(sum, part, size);
	}
}

void value_add(const struct btf *btf, uint32_t type, void *sum, const void *part, size_t size)
{
	if (value_type(btf, type))
		add_value(btf, type, sum, part, size);
	else
		add_number(sum, part, size);
}
