// SPDX-License-Identifier: GPL-2.0-or-later
/* The arguments and results of the kernel's functions, as its type information (BTF) has them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "scope.h"
#include "trace_hooks.h"
#include "value.h"

DEFINE_CLEANUP(struct btf *, btf__free)

static bool is_function(const struct trace_hook *hook)
{
	return hook->kind != TRACE_KIND_SYSCALL;
}

static int compare(const void *a, const void *b)
{
	return strcmp((*(struct trace_hook *const *)a)->name, (*(struct trace_hook *const *)b)->name);
}

/* Hooks on functions, by name. */
struct index {
	struct trace_hook **hooks;
	size_t count;
};

static int index_init(struct index *index, struct trace_hooks *hooks)
{
	size_t i;

	index->hooks = calloc(hooks->count, sizeof(*index->hooks));
	if (!index->hooks)
		return -ENOMEM;
	for (i = 0; i < hooks->count; i++)
		if (is_function(&hooks->list[i]))
			index->hooks[index->count++] = &hooks->list[i];
	qsort(index->hooks, index->count, sizeof(*index->hooks), compare);
	return 0;
}

/* The first of the hooks on this function, of which each kind can have one; NULL when there is none. */
static struct trace_hook **find(const struct index *index, const char *name)
{
	size_t from = 0, to = index->count, middle;

	while (from < to) {
		middle = (from + to) / 2;
		if (strcmp(index->hooks[middle]->name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == index->count || strcmp(index->hooks[from]->name, name))
		return NULL;
	return &index->hooks[from];
}

static bool is_flags(const char *name)
{
	return strstr(name, "flag") || strstr(name, "mask") || strstr(name, "gfp") || strstr(name, "prot");
}

static enum trace_show show_of(const struct btf_type *type, const char *name)
{
	if (btf_is_enum(type))
		return btf_kflag(type) ? TRACE_SHOW_SIGNED : TRACE_SHOW_UNSIGNED;
	if (!btf_is_int(type) || is_flags(name))
		return TRACE_SHOW_HEX;
	return btf_int_encoding(type) & BTF_INT_SIGNED ? TRACE_SHOW_SIGNED : TRACE_SHOW_UNSIGNED;
}

/* Up to the first argument that has not one register of its own. */
static void describe_params(struct trace_hook *hook, const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_param *params = btf_params(proto);
	const struct btf_type *type;
	const char *name;
	size_t i;

	for (i = 0; i < btf_vlen(proto) && i < TRACE_ARGS; i++) {
		type = value_type(btf, params[i].type);
		name = btf__name_by_offset(btf, params[i].name_off);
		if (!type || (!btf_is_ptr(type) && type->size > 8))
			return;
		hook->params[i].name = strdup(name && *name ? name : "?");
		if (!hook->params[i].name)
			return;
		hook->params[i].size = btf_is_ptr(type) ? 8 : type->size;
		hook->params[i].show = show_of(type, hook->params[i].name);
		hook->param_count++;
	}
}

static enum trace_result result_of(const struct btf_type *type)
{
	if (!type) /* void */
		return TRACE_RESULT_NONE;
	if (btf_is_ptr(type))
		return TRACE_RESULT_POINTER;
	if (btf_is_any_enum(type))
		return type->size == 4 && btf_kflag(type) ? TRACE_RESULT_INT : TRACE_RESULT_UNSIGNED;
	if (!btf_is_int(type) || !(btf_int_encoding(type) & BTF_INT_SIGNED))
		return TRACE_RESULT_UNSIGNED;
	return type->size == 8 ? TRACE_RESULT_LONG : TRACE_RESULT_INT;
}

static void describe(struct trace_hook *hook, const struct btf *btf, const struct btf_type *function)
{
	const struct btf_type *proto = btf__type_by_id(btf, function->type);

	if (!proto || !btf_is_func_proto(proto) || hook->param_count)
		return;
	describe_params(hook, btf, proto);
	hook->info.result = result_of(value_type(btf, proto->type));
}

void trace_describe_functions(struct trace_hooks *hooks)
{
	_cleanup_(btf__freep) struct btf *btf = NULL;
	struct index index = {};
	const struct btf_type *type;
	struct trace_hook **hook;
	const char *name;
	uint32_t id;
	size_t i;

	for (i = 0; i < hooks->count; i++)
		if (is_function(&hooks->list[i]))
			hooks->list[i].info.result = TRACE_RESULT_UNSIGNED;
	if (index_init(&index, hooks))
		return;
	btf = index.count ? btf__load_vmlinux_btf() : NULL;
	for (id = 1; btf && id < btf__type_cnt(btf); id++) {
		type = btf__type_by_id(btf, id);
		if (!btf_is_func(type))
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		for (hook = find(&index, name); hook && hook < index.hooks + index.count; hook++) {
			if (strcmp((*hook)->name, name))
				break;
			describe(*hook, btf, type);
		}
	}
	free(index.hooks);
}
