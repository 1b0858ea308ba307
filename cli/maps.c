// SPDX-License-Identifier: GPL-2.0-or-later
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "map_entries.h"
#include "scope.h"
#include "value.h"

/* Maps whose entries can be listed from user space by key. */
static bool is_listable(enum bpf_map_type type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_STACK_TRACE:
		return true;
	default:
		return false;
	}
}

/* Maps that carry records or references, not results. */
static bool is_channel(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
	       type == BPF_MAP_TYPE_USER_RINGBUF || type == BPF_MAP_TYPE_PROG_ARRAY;
}

/* The section of an internal map: libbpf puts the object's name before it. */
static const char *section(const struct bpf_map *map)
{
	const char *dot = strchr(bpf_map__name(map), '.');

	return dot ?: bpf_map__name(map);
}

static bool is_writable(const struct bpf_map *map)
{
	return !strncmp(section(map), ".bss", 4) || !strncmp(section(map), ".data", 5);
}

static bool is_shown(const struct bpf_map *map, bool all)
{
	if (all)
		return true;
	return bpf_map__is_internal(map) ? is_writable(map) : !is_channel(bpf_map__type(map));
}

/* A kernel address, or there for its type only: nothing a person could use. */
static bool is_pointer(const struct btf *btf, uint32_t type)
{
	const struct btf_type *t = value_type(btf, type);

	return t && btf_is_ptr(t);
}

static int add_variables(const struct btf *btf, const struct btf_type *t, const uint8_t *data, size_t size, json_t *variables)
{
	const struct btf_var_secinfo *info = btf_var_secinfos(t);
	const struct btf_type *variable;
	const char *name;
	uint32_t i;

	for (i = 0; i < btf_vlen(t); i++, info++) {
		variable = btf__type_by_id(btf, info->type);
		if (info->offset + info->size > size || is_pointer(btf, variable->type))
			continue;
		name = btf__name_by_offset(btf, variable->name_off);
		if (json_object_set_new(variables, name, value_decode(btf, variable->type, data + info->offset, info->size)))
			return -ENOMEM;
	}
	return 0;
}

static int read_variables(const struct bpf_object *obj, const struct bpf_map *map, json_t *variables)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *t = value_type(btf, bpf_map__btf_value_type_id(map));
	size_t size = bpf_map__value_size(map);
	_cleanup_(freep) void *data = malloc(size);
	uint32_t zero = 0;
	int err;

	if (!data)
		return -ENOMEM;
	if (!t || !btf_is_datasec(t))
		return 0;
	err = bpf_map__lookup_elem(map, &zero, sizeof(zero), data, size, 0);
	return err ?: add_variables(btf, t, data, size, variables);
}

static json_t *describe(const struct bpf_map *map)
{
	return json_pack("{s:s, s:s, s:I}", "name", bpf_map__is_internal(map) ? section(map) : bpf_map__name(map),
			 "type", libbpf_bpf_map_type_str(bpf_map__type(map)), "max_entries",
			 (json_int_t)bpf_map__max_entries(map));
}

static int add_contents(const struct bpf_object *obj, const struct bpf_map *map, json_t *json)
{
	json_t *contents = NULL;
	int err;

	if (bpf_map__is_internal(map)) {
		contents = json_object();
		err = read_variables(obj, map, contents);
	} else if (is_listable(bpf_map__type(map))) {
		err = map_entries_read(obj, map, &contents);
	} else {
		return json_object_set_new(json, "note", json_string("maps of this type cannot be listed"));
	}
	if (err) {
		json_decref(contents);
		return json_object_set_new(json, "note", json_sprintf("cannot be read: %s", strerror(-err)));
	}
	return json_object_set_new(json, bpf_map__is_internal(map) ? "variables" : "entries", contents);
}

static bool is_empty_section(const json_t *json)
{
	const json_t *variables = json_object_get(json, "variables");

	return variables && !json_object_size(variables);
}

json_t *maps_read(const struct bpf_object *obj, bool all)
{
	_cleanup_(json_decrefp) json_t *maps = json_array();
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		_cleanup_(json_decrefp) json_t *json = NULL;

		if (!is_shown(map, all))
			continue;
		json = describe(map);
		if (!json || add_contents(obj, map, json))
			return NULL;
		if (!is_empty_section(json) && json_array_append(maps, json))
			return NULL;
	}
	return TAKE_PTR(maps);
}
