// SPDX-License-Identifier: GPL-2.0-or-later
#include "map_entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "scope.h"
#include "value.h"

/* A map while it is being read. */
struct reader {
	const struct bpf_map *map;
	const struct btf *btf;
	uint32_t key_type;
	uint32_t value_type;
	size_t key_size;
	size_t value_size;
	size_t stride;	/* bytes a lookup returns for one CPU, or at all */
	int cpus;	/* 0: the map has one value for all CPUs */
	void *key;	/* room for two keys: the one at hand, and the next */
	void *value;	/* what a lookup returned */
	void *sum;	/* over all CPUs */
};

static void reader_deinit(struct reader *reader)
{
	free(reader->key);
	free(reader->value);
	free(reader->sum);
}

static bool is_per_cpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_array(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int reader_init(struct reader *reader, const struct bpf_object *obj, const struct bpf_map *map)
{
	size_t room;

	reader->map = map;
	reader->btf = bpf_object__btf(obj);
	reader->key_type = bpf_map__btf_key_type_id(map);
	reader->value_type = bpf_map__btf_value_type_id(map);
	reader->key_size = bpf_map__key_size(map);
	reader->value_size = bpf_map__value_size(map);
	reader->cpus = is_per_cpu(bpf_map__type(map)) ? libbpf_num_possible_cpus() : 0;
	if (reader->cpus < 0)
		return reader->cpus;
	/* The kernel rounds values of per-CPU maps up. */
	reader->stride = reader->cpus ? (reader->value_size + 7) / 8 * 8 : reader->value_size;
	room = reader->stride * (reader->cpus ?: 1);
	reader->key = calloc(2, reader->key_size);
	reader->value = calloc(1, room);
	reader->sum = calloc(1, reader->value_size);
	return reader->key && reader->value && reader->sum ? 0 : -ENOMEM;
}

/* Addresses up to the first empty slot. */
static json_t *decode_stack(const uint64_t *frames, size_t count)
{
	_cleanup_(json_decrefp) json_t *stack = json_array();
	size_t i;

	for (i = 0; i < count && frames[i]; i++)
		if (json_array_append_new(stack, json_sprintf("0x%llx", (unsigned long long)frames[i])))
			return NULL;
	return TAKE_PTR(stack);
}

static json_t *decode_value(const struct reader *reader, const void *value)
{
	if (bpf_map__type(reader->map) == BPF_MAP_TYPE_STACK_TRACE)
		return decode_stack(value, reader->value_size / sizeof(uint64_t));
	return value_decode(reader->btf, reader->value_type, value, reader->value_size);
}

static int add_cpus(const struct reader *reader, json_t *entry)
{
	json_t *cpus = json_array();
	int i;

	for (i = 0; i < reader->cpus; i++)
		if (json_array_append_new(cpus, decode_value(reader, reader->value + i * reader->stride)))
			break;
	return json_object_set_new(entry, "cpus", cpus) || i < reader->cpus ? -ENOMEM : 0;
}

static void sum_cpus(struct reader *reader)
{
	int i;

	memset(reader->sum, 0, reader->value_size);
	for (i = 0; i < reader->cpus; i++)
		value_add(reader->btf, reader->value_type, reader->sum, reader->value + i * reader->stride,
			  reader->value_size);
}

static json_t *decode_entry(struct reader *reader)
{
	_cleanup_(json_decrefp) json_t *entry = json_object();
	json_t *key = value_decode(reader->btf, reader->key_type, reader->key, reader->key_size);

	if (reader->cpus)
		sum_cpus(reader);
	if (json_object_set_new(entry, "key", key) ||
	    json_object_set_new(entry, "value", decode_value(reader, reader->cpus ? reader->sum : reader->value)))
		return NULL;
	if (reader->cpus && add_cpus(reader, entry))
		return NULL;
	return TAKE_PTR(entry);
}

/* Arrays are there from the start: a slot nobody wrote to says nothing. */
static bool is_unused(const struct reader *reader)
{
	const uint8_t *byte = reader->value, *end = byte + reader->stride * (reader->cpus ?: 1);

	if (!is_array(bpf_map__type(reader->map)))
		return false;
	while (byte < end && !*byte)
		byte++;
	return byte == end;
}

static int read_entry(struct reader *reader, json_t *entries)
{
	size_t size = reader->stride * (reader->cpus ?: 1);

	/* -ENOENT: deleted by a program meanwhile. */
	if (bpf_map__lookup_elem(reader->map, reader->key, reader->key_size, reader->value, size, 0) ||
	    is_unused(reader))
		return 0;
	return json_array_append_new(entries, decode_entry(reader)) ? -ENOMEM : 0;
}

/* Whatever the programs do meanwhile, the walk ends: no map has more entries than its maximum. */
static int read_entries(struct reader *reader, json_t *entries)
{
	uint32_t left = bpf_map__max_entries(reader->map);
	void *key = reader->key, *next = reader->key + reader->key_size;
	int err;

	err = bpf_map__get_next_key(reader->map, NULL, key, reader->key_size);
	while (!err && left--) {
		err = read_entry(reader, entries);
		if (err)
			return err;
		err = bpf_map__get_next_key(reader->map, key, next, reader->key_size);
		memcpy(key, next, reader->key_size);
	}
	return err == -ENOENT || !err ? 0 : err;
}

/* Order of keys: numbers by size, text by alphabet, structures member by member. */
static int compare_values(const json_t *a, const json_t *b)
{
	json_int_t x, y;
	void *at, *bt;
	int order;

	if (json_is_object(a) && json_is_object(b)) {
		at = json_object_iter((json_t *)a);
		bt = json_object_iter((json_t *)b);
		for (order = 0; at && bt && !order; at = json_object_iter_next((json_t *)a, at)) {
			order = compare_values(json_object_iter_value(at), json_object_iter_value(bt));
			bt = json_object_iter_next((json_t *)b, bt);
		}
		return order;
	}
	if (json_is_string(a) && json_is_string(b))
		return strcmp(json_string_value(a), json_string_value(b));
	x = json_integer_value(a);
	y = json_integer_value(b);
	return (x > y) - (x < y);
}

static int compare_entries(const void *a, const void *b)
{
	return compare_values(json_object_get(*(json_t *const *)a, "key"), json_object_get(*(json_t *const *)b, "key"));
}

static json_t *sort_entries(const json_t *entries)
{
	size_t i, count = json_array_size(entries);
	_cleanup_(json_decrefp) json_t *sorted = json_array();
	_cleanup_(freep) json_t **order = calloc(count ?: 1, sizeof(*order));

	if (!order)
		return NULL;
	for (i = 0; i < count; i++)
		order[i] = json_array_get(entries, i);
	qsort(order, count, sizeof(*order), compare_entries);
	for (i = 0; i < count; i++)
		if (json_array_append(sorted, order[i]))
			return NULL;
	return TAKE_PTR(sorted);
}

int map_entries_read(const struct bpf_object *obj, const struct bpf_map *map, json_t **ret_entries)
{
	_cleanup_(reader_deinit) struct reader reader = {};
	_cleanup_(json_decrefp) json_t *entries = json_array();
	int err;

	err = reader_init(&reader, obj, map);
	if (!err)
		err = read_entries(&reader, entries);
	if (err)
		return err;
	*ret_entries = sort_entries(entries);
	return *ret_entries ? 0 : -ENOMEM;
}
