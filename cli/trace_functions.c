// SPDX-License-Identifier: GPL-2.0-or-later
/* The arguments of the kernel's functions and raw tracepoints, and results, as its type information (BTF) has them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "scope.h"
#include "trace_hooks.h"
#include "value.h"

DEFINE_CLEANUP(struct btf *, btf__free)

static bool is_function(const struct trace_hook *hook)
{
	return hook->kind == TRACE_KIND_ENTRY || hook->kind == TRACE_KIND_RETURN || hook->kind == TRACE_KIND_CALL;
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

/* From parameter @first on, up to the first that has not one register, or one word of a raw tracepoint, of its own. */
static void describe_params(struct trace_hook *hook, const struct btf *btf, const struct btf_type *proto, size_t first)
{
	const struct btf_param *params = btf_params(proto);
	struct trace_param param = {};
	const struct btf_type *type;
	const char *name;
	size_t i;

	for (i = first; i < btf_vlen(proto) && i < first + TRACE_ARGS; i++) {
		type = value_type(btf, params[i].type);
		name = btf__name_by_offset(btf, params[i].name_off);
		name = name && *name ? name : "?";
		if (!type || (!btf_is_ptr(type) && type->size > sizeof(uint64_t)))
			return;
		param.size = btf_is_ptr(type) ? sizeof(uint64_t) : type->size;
		param.show = show_of(type, name);
		param.offset = (i - first) * sizeof(uint64_t);
		if (trace_hook_add_param(hook, name, &param))
			return;
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
	describe_params(hook, btf, proto, 0);
	hook->info.result = result_of(value_type(btf, proto->type));
}

static void describe_functions(const struct index *index, const struct btf *btf)
{
	const struct btf_type *type;
	struct trace_hook **hook;
	const char *name;
	uint32_t id;

	for (id = 1; index->count && id < btf__type_cnt(btf); id++) {
		type = btf__type_by_id(btf, id);
		if (!btf_is_func(type))
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		for (hook = find(index, name); hook && hook < index->hooks + index->count; hook++) {
			if (strcmp((*hook)->name, name))
				break;
			describe(*hook, btf, type);
		}
	}
}

/* int __traceiter_NAME(void *__data, ...) calls a tracepoint's programs: the first is nothing they see. */
static void describe_raw(struct trace_hook *hook, const struct btf *btf)
{
	const struct btf_type *proto;
	char name[128];
	int id;

	snprintf(name, sizeof(name), "__traceiter_%s", hook->name);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	proto = id > 0 ? btf__type_by_id(btf, btf__type_by_id(btf, id)->type) : NULL;
	if (!proto || !btf_is_func_proto(proto))
		return;
	describe_params(hook, btf, proto, 1);
	hook->info.size = hook->param_count * sizeof(uint64_t);
}

void trace_describe_functions(struct trace_hooks *hooks)
{
	_cleanup_(btf__freep) struct btf *btf = NULL;
	struct index index = {};
	bool raw = trace_hooks_have(hooks, TRACE_KIND_RAW);
	size_t i;

	for (i = 0; i < hooks->count; i++)
		if (is_function(&hooks->list[i]))
			hooks->list[i].info.result = TRACE_RESULT_UNSIGNED;
	if (index_init(&index, hooks))
		return;
	if (index.count || raw)
		btf = btf__load_vmlinux_btf();
	if (btf)
		describe_functions(&index, btf);
	for (i = 0; btf && i < hooks->count; i++)
		if (hooks->list[i].kind == TRACE_KIND_RAW)
			describe_raw(&hooks->list[i], btf);
	free(index.hooks);
}
