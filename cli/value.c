// SPDX-License-Identifier: GPL-2.0-or-later
#include "value.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scope.h"

#define DEPTH_MAX 32 /* of nested types, as in the kernel's own BTF walks */

/* Bytes to look at: a value, or what is left of one. */
struct bytes {
	const uint8_t *data;
	size_t size;
};

static json_t *decode(const struct btf *btf, uint32_t type, struct bytes bytes, int depth);

const struct btf_type *value_type(const struct btf *btf, uint32_t id)
{
	int resolved = btf && id ? btf__resolve_type(btf, id) : -1;

	return resolved > 0 ? btf__type_by_id(btf, resolved) : NULL;
}

/* @width bits of a little-endian value, beginning at @bit. */
static uint64_t read_bits(const uint8_t *data, uint32_t bit, uint32_t width)
{
	unsigned __int128 bits = 0;

	memcpy(&bits, data + bit / 8, (bit % 8 + width + 7) / 8);
	bits >>= bit % 8;
	return width < 64 ? bits & ((1ULL << width) - 1) : bits;
}

static int64_t sign_extend(uint64_t value, uint32_t width)
{
	return width < 64 ? (int64_t)(value << (64 - width)) >> (64 - width) : (int64_t)value;
}

static json_t *hex_number(uint64_t value)
{
	return json_sprintf("0x%llx", (unsigned long long)value);
}

static json_t *unsigned_number(uint64_t value)
{
	return value > INT64_MAX ? hex_number(value) : json_integer(value);
}

static json_t *hex_bytes(struct bytes bytes)
{
	_cleanup_(freep) char *text = malloc(2 * bytes.size + 1);
	size_t i;

	if (!text)
		return NULL;
	text[0] = '\0';
	for (i = 0; i < bytes.size; i++)
		sprintf(text + 2 * i, "%02x", bytes.data[i]);
	return json_string(text);
}

static json_t *decode_bits(const struct btf_type *t, const uint8_t *data, uint32_t bit, uint32_t width)
{
	uint64_t value = read_bits(data, bit, width);

	if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_BOOL)
		return json_boolean(value);
	if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_SIGNED)
		return json_integer(sign_extend(value, width));
	return unsigned_number(value);
}

static json_t *decode_int(const struct btf_type *t, struct bytes bytes)
{
	if (t->size > sizeof(uint64_t))
		return hex_bytes((struct bytes){bytes.data, t->size});
	return decode_bits(t, bytes.data, 0, 8 * t->size);
}

static const char *enum_name(const struct btf *btf, const struct btf_type *t, uint64_t value)
{
	uint32_t i;

	for (i = 0; i < btf_vlen(t); i++) {
		if (btf_is_enum(t) && (uint32_t)btf_enum(t)[i].val == (uint32_t)value)
			return btf__name_by_offset(btf, btf_enum(t)[i].name_off);
		if (btf_is_enum64(t) && btf_enum64_value(btf_enum64(t) + i) == value)
			return btf__name_by_offset(btf, btf_enum64(t)[i].name_off);
	}
	return NULL;
}

static json_t *decode_enum(const struct btf *btf, const struct btf_type *t, uint64_t value)
{
	const char *name = enum_name(btf, t, value);

	if (name)
		return json_string(name);
	return btf_kflag(t) ? json_integer(sign_extend(value, 8 * t->size)) : unsigned_number(value);
}

static bool is_char(const struct btf *btf, const struct btf_type *t)
{
	return t && btf_is_int(t) && t->size == 1 &&
	       (btf_int_encoding(t) & BTF_INT_CHAR || !strcmp(btf__name_by_offset(btf, t->name_off), "char"));
}

static bool is_byte(const struct btf_type *t)
{
	return t && btf_is_int(t) && t->size == 1 && !(btf_int_encoding(t) & BTF_INT_BOOL);
}

/* Text up to its NUL; foreign bytes that are no UTF-8 become question marks. */
static json_t *decode_text(struct bytes bytes)
{
	size_t i, length = strnlen((const char *)bytes.data, bytes.size);
	json_t *json = json_stringn((const char *)bytes.data, length);
	_cleanup_(freep) char *text = NULL;

	if (json)
		return json;
	text = strndup((const char *)bytes.data, length);
	if (!text)
		return NULL;
	for (i = 0; i < length; i++)
		if (text[i] & 0x80)
			text[i] = '?';
	return json_string(text);
}

static json_t *decode_elements(const struct btf *btf, uint32_t type, uint32_t count, struct bytes bytes, int depth)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	int64_t step = btf__resolve_size(btf, type);
	struct bytes rest;
	uint32_t i;

	for (i = 0; i < count && step > 0 && (i + 1) * (size_t)step <= bytes.size; i++) {
		rest = (struct bytes){bytes.data + i * step, step};
		if (json_array_append_new(list, decode(btf, type, rest, depth)))
			return NULL;
	}
	return TAKE_PTR(list);
}

static json_t *decode_array(const struct btf *btf, const struct btf_array *array, struct bytes bytes, int depth)
{
	const struct btf_type *element = value_type(btf, array->type);

	if (array->nelems < bytes.size && is_byte(element))
		bytes.size = array->nelems;
	if (is_char(btf, element))
		return decode_text(bytes);
	if (is_byte(element))
		return hex_bytes(bytes);
	return decode_elements(btf, array->type, array->nelems, bytes, depth);
}

/* Types only the kernel understands: locks, timers, lists. */
static bool is_opaque(const struct btf *btf, const struct btf_type *t)
{
	return t && btf_is_composite(t) && !strncmp(btf__name_by_offset(btf, t->name_off), "bpf_", 4);
}

static json_t *decode_member(const struct btf *btf, const struct btf_type *t, uint32_t i, struct bytes bytes, int depth)
{
	const struct btf_member *member = btf_members(t) + i;
	uint32_t bit = btf_member_bit_offset(t, i), width = btf_member_bitfield_size(t, i);
	const struct btf_type *type = value_type(btf, member->type);
	size_t end = width ? (bit + width + 7) / 8 : bit / 8;

	if (end > bytes.size || width > 64 || !type)
		return json_null();
	if (!width)
		return decode(btf, member->type, (struct bytes){bytes.data + bit / 8, bytes.size - bit / 8}, depth);
	if (btf_is_any_enum(type))
		return decode_enum(btf, type, read_bits(bytes.data, bit, width));
	return decode_bits(type, bytes.data, bit, width);
}

/* Members of unnamed structures and unions belong to the structure around them, as in C. */
static int add_member(json_t *object, const char *name, json_t *value)
{
	int err;

	if (*name || !json_is_object(value))
		return json_object_set_new(object, *name ? name : "_", value);
	err = json_object_update(object, value);
	json_decref(value);
	return err;
}

static json_t *decode_struct(const struct btf *btf, const struct btf_type *t, struct bytes bytes, int depth)
{
	_cleanup_(json_decrefp) json_t *object = json_object();
	const struct btf_member *member = btf_members(t);
	uint32_t i;

	for (i = 0; i < btf_vlen(t); i++, member++) {
		if (is_opaque(btf, value_type(btf, member->type)))
			continue;
		if (add_member(object, btf__name_by_offset(btf, member->name_off), decode_member(btf, t, i, bytes, depth)))
			return NULL;
	}
	return TAKE_PTR(object);
}

static json_t *decode(const struct btf *btf, uint32_t id, struct bytes bytes, int depth)
{
	const struct btf_type *t = value_type(btf, id);
	int64_t size = t ? btf__resolve_size(btf, id) : -1;

	if (size < 0 || (size_t)size > bytes.size || depth >= DEPTH_MAX)
		return json_null();
	bytes.size = size;
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return decode_int(t, bytes);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return decode_enum(btf, t, read_bits(bytes.data, 0, 8 * t->size));
	case BTF_KIND_PTR:
		return hex_number(read_bits(bytes.data, 0, 64));
	case BTF_KIND_ARRAY:
		return decode_array(btf, btf_array(t), bytes, depth + 1);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return decode_struct(btf, t, bytes, depth + 1);
	default:
		return json_null();
	}
}

static json_t *decode_untyped(struct bytes bytes)
{
	switch (bytes.size) {
	case 1:
	case 2:
	case 4:
	case 8:
		return unsigned_number(read_bits(bytes.data, 0, 8 * bytes.size));
	default:
		return hex_bytes(bytes);
	}
}

json_t *value_decode(const struct btf *btf, uint32_t type, const void *data, size_t size)
{
	struct bytes bytes = {data, size};

	return value_type(btf, type) ? decode(btf, type, bytes, 0) : decode_untyped(bytes);
}

void value_each_leaf(const char *path, const json_t *json, value_leaf_fn fn, void *data)
{
	char inner[VALUE_PATH_LEN];
	const char *name;
	json_t *member;

	if (!json_is_object(json)) {
		fn(path, json, data);
		return;
	}
	json_object_foreach((json_t *)json, name, member) {
		snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "." : "", name);
		value_each_leaf(inner, member, fn, data);
	}
}
