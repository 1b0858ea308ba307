// SPDX-License-Identifier: GPL-2.0-only
#include "tracepoint.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <kview.h>

#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "compat/tracepoint.h"
#include "emit.h"
#include "loads.h"
#include "setup.h"
#include "textpage.h"

static DEFINE_MUTEX(lock); /* guards the list; outside of jump_label_lock() and text_mutex */
static LIST_HEAD(found);

static int refuse(int err, u32 reason, u32 *why)
{
	*why = reason;
	return err;
}

static bool in_text(unsigned long addr)
{
	return addr >= kview_symbols._stext && addr < kview_symbols._etext;
}

static bool crosses_page(const struct kview_place *place)
{
	return offset_in_page(place->addr) + place->size > PAGE_SIZE;
}

/* --- jump labels ---------------------------------------------------------------------------------------------------- */

/* Its size, from what stands there: nothing else tells. 0: neither a nop nor a jump. */
static u8 label_size(unsigned long addr)
{
	static const u8 nop2[] = { 0x66, 0x90 }, nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	u8 code[5];

	kview_textpage_read(addr, code, sizeof(code));
	if (code[0] == 0xeb || !memcmp(code, nop2, sizeof(nop2)))
		return 2;
	return code[0] == JMP_OPCODE || !memcmp(code, nop5, sizeof(nop5)) ? 5 : 0;
}

static int fill_branch(struct kview_place *place, const struct jump_entry *entry, u32 *why)
{
	*place = (struct kview_place){
		.addr = jump_entry_code(entry),
		.kind = KVIEW_PLACE_BRANCH,
		.size = label_size(jump_entry_code(entry)),
		.target = jump_entry_target(entry),
	};
	if (!place->size || jump_entry_is_branch(entry) || !in_text(place->target))
		return refuse(-EOPNOTSUPP, KVIEW_WHY_UNKNOWN_CODE, why);
	return crosses_page(place) ? refuse(-EOPNOTSUPP, KVIEW_WHY_CROSSES_PAGE, why) : 0;
}

/* The kernel's entries of the key; what is gone after boot has none. Under jump_label_lock(). */
static const struct jump_entry *next_entry(const struct static_key *key, const struct jump_entry *entry)
{
	const struct jump_entry *end = (const struct jump_entry *)kview_symbols.__stop___jump_table;

	for (; entry && entry < end && jump_entry_key(entry) == key; entry++) {
		if (in_text(jump_entry_code(entry)))
			return entry;
	}
	return NULL;
}

/* --- calls ------------------------------------------------------------------------------------------------------------ */

/* Walk the kernel's own static calls of a tracepoint. A key's stand together, but where they begin is not worth asking. */
static const struct static_call_site *next_call(const struct tracepoint *tp, const struct static_call_site *site)
{
	const struct static_call_site *end = (const struct static_call_site *)kview_symbols.__stop_static_call_sites;

	for (; site < end; site++) {
		unsigned long key = ((unsigned long)&site->key + site->key) & ~STATIC_CALL_SITE_FLAGS;

		if (key == (unsigned long)tp->static_call_key && in_text((unsigned long)&site->addr + site->addr))
			return site;
	}
	return NULL;
}

#define for_each_call(tp, site)                                                                                        \
	for (site = next_call(tp, (const struct static_call_site *)kview_symbols.__start_static_call_sites); site;     \
	     site = next_call(tp, site + 1))

static unsigned long call_addr(const struct static_call_site *site)
{
	return (unsigned long)&site->addr + site->addr;
}

static bool is_call(unsigned long addr, const void *data)
{
	const struct static_call_site *site;

	for_each_call((const struct tracepoint *)data, site) {
		if (call_addr(site) == addr)
			return !(site->key & STATIC_CALL_SITE_TAIL);
	}
	return false;
}

static bool is_covered(const struct kview_tracepoint *point, unsigned long call)
{
	u32 i;

	for (i = 0; i < point->count; i++) {
		if (point->places[i].setup && point->places[i].setup->call == call)
			return true;
	}
	return false;
}

/* A call no known load leads to would lose events. */
static bool covers_all_calls(const struct kview_tracepoint *point)
{
	const struct static_call_site *site;

	for_each_call(point->tp, site) {
		if (!is_covered(point, call_addr(site)))
			return false;
	}
	return true;
}

/* --- a tracepoint's places ---------------------------------------------------------------------------------------------- */

static void free_point(struct kview_tracepoint *point)
{
	u32 i;

	for (i = 0; point->places && i < point->count; i++)
		kfree(point->places[i].setup);
	kfree(point->places);
	kfree(point);
}

static int fill_traces(struct kview_tracepoint *point, const unsigned long *loads, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		struct kview_setup *setup = kview_setup_new(loads[i]);

		if (!setup)
			return -ENOMEM;
		point->places[point->count++] = (struct kview_place){
			.addr = loads[i],
			.kind = KVIEW_PLACE_TRACE,
			.size = KVIEW_TRACE_SIZE,
			.tracepoint = point,
			.setup = setup,
		};
	}
	return 0;
}

static int read_traces(struct kview_tracepoint *point, u32 *why)
{
	u32 i;
	int err;

	guard(mutex)(kview_symbols.text_mutex);
	for (i = 0; i < point->count; i++) {
		struct kview_place *place = &point->places[i];

		if (crosses_page(place))
			return refuse(-EOPNOTSUPP, KVIEW_WHY_CROSSES_PAGE, why);
		err = kview_setup_read((struct kview_setup *)place->setup, is_call, point->tp, why);
		if (err)
			return err;
	}
	return covers_all_calls(point) ? 0 : refuse(-EOPNOTSUPP, KVIEW_WHY_UNKNOWN_CODE, why);
}

static int fill_branches(struct kview_tracepoint *point, const struct jump_entry *first, u32 *why)
{
	const struct jump_entry *entry;
	int err = 0;

	guard(mutex)(kview_symbols.text_mutex);
	for (entry = first; !err && entry; entry = next_entry(&point->tp->key, entry + 1))
		err = fill_branch(&point->places[point->count++], entry, why);
	return err;
}

/* Under jump_label_lock(). */
static int fill_places(struct kview_tracepoint *point, const unsigned long *loads, u32 count, u32 *why)
{
	const struct jump_entry *first, *entry;
	bool modules;
	u32 room = count;
	int err;

	first = next_entry(&point->tp->key, kview_jump_entries(&point->tp->key, &modules));
	if (modules)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_TP_IN_MODULE, why);
	if (!first || !count)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_TP_UNUSED, why);
	for (entry = first; entry; entry = next_entry(&point->tp->key, entry + 1))
		room++;
	point->places = kcalloc(room, sizeof(*point->places), GFP_KERNEL);
	if (!point->places)
		return -ENOMEM;
	err = fill_traces(point, loads, count);
	if (!err)
		err = read_traces(point, why);
	return err ?: fill_branches(point, first, why);
}

/* Most blocks are short, and what has been found is kept. */
static void shrink_setups(struct kview_tracepoint *point)
{
	u32 i;

	for (i = 0; i < point->count; i++) {
		const struct kview_setup *setup = point->places[i].setup;
		struct kview_setup *small;

		if (!setup)
			continue;
		small = kmemdup(setup, struct_size(setup, pieces, setup->count), GFP_KERNEL);
		if (!small)
			continue;
		point->places[i].setup = small;
		kfree(setup);
	}
}

/* --- arguments ---------------------------------------------------------------------------------------------------------- */

static bool is_modifier(const struct btf_type *type)
{
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

static bool is_signed(const struct btf *btf, u32 id)
{
	const struct btf_type *type = btf_type_by_id(btf, id);

	while (type && is_modifier(type))
		type = btf_type_by_id(btf, type->type);
	return type && btf_type_is_int(type) && btf_int_encoding(type) & BTF_INT_SIGNED;
}

static int read_arg(const struct btf *btf, const struct btf_param *param, struct kview_trace_arg *arg)
{
	const struct btf_type *type = btf_type_by_id(btf, param->type);
	u32 size;

	type = type ? kview_call(btf_resolve_size)(btf, type, &size) : NULL;
	if (IS_ERR_OR_NULL(type) || !size || size > sizeof(u64) || !is_power_of_2(size))
		return -EINVAL;
	*arg = (struct kview_trace_arg){ .size = size, .is_signed = is_signed(btf, param->type) };
	return 0;
}

/* typedef void (*btf_trace_NAME)(void *__data, proto) */
static const struct btf_type *find_prototype(const struct btf *btf, const char *name)
{
	char typedef_name[KSYM_NAME_LEN];
	const struct btf_type *type;
	s32 id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = kview_call(btf_find_by_name_kind)(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return NULL;
	type = btf_type_by_id(btf, btf_type_by_id(btf, id)->type);
	if (!btf_type_is_ptr(type))
		return NULL;
	type = btf_type_by_id(btf, type->type);
	return btf_type_is_func_proto(type) ? type : NULL;
}

static int read_args(struct kview_tracepoint *point)
{
	const struct btf *btf = kview_call(bpf_get_btf_vmlinux)();
	const struct btf_type *prototype = IS_ERR_OR_NULL(btf) ? NULL : find_prototype(btf, point->tp->name);
	u32 i;
	int err = 0;

	if (!prototype || !btf_type_vlen(prototype) || btf_type_vlen(prototype) > KVIEW_TRACE_ARGS_MAX + 1)
		return -EINVAL;
	point->args = btf_type_vlen(prototype) - 1;
	for (i = 0; !err && i < point->args; i++)
		err = read_arg(btf, &btf_params(prototype)[i + 1], &point->arg[i]);
	return err;
}

/* --- finding one -------------------------------------------------------------------------------------------------------- */

static int read_point(struct kview_tracepoint *point, u32 *why)
{
	unsigned long *loads __free(kview_kvfree) = NULL;
	u32 count;
	int err;

	/* It would have to be called, and what it switches on is not for one process alone. */
	if (point->tp->regfunc)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_TP_GLOBAL, why);
	err = kview_loads_of(point->tp, &loads, &count);
	if (err)
		return err;
	kview_call(jump_label_lock)();
	err = fill_places(point, loads, count, why);
	kview_call(jump_label_unlock)();
	if (!err && read_args(point))
		err = refuse(-EOPNOTSUPP, KVIEW_WHY_TP_NO_TYPE, why);
	if (!err)
		shrink_setups(point);
	return err;
}

static struct kview_tracepoint *find_known(const struct tracepoint *tp)
{
	struct kview_tracepoint *point;

	list_for_each_entry(point, &found, node) {
		if (point->tp == tp)
			return point;
	}
	return NULL;
}

bool kview_tracepoint_in_modules(const struct kview_tracepoint *point)
{
	return kview_jump_in_modules(&point->tp->key);
}

static int find_new(struct tracepoint *tp, u32 *why, const struct kview_tracepoint **ret_tracepoint)
{
	struct kview_tracepoint *point = kzalloc(sizeof(*point), GFP_KERNEL);
	int err;

	if (!point)
		return -ENOMEM;
	point->tp = tp;
	err = read_point(point, why);
	if (err) {
		free_point(point);
		return err;
	}
	list_add(&point->node, &found);
	*ret_tracepoint = point;
	return 0;
}

int kview_tracepoint_get(struct tracepoint *tp, u32 *why, const struct kview_tracepoint **ret_tracepoint)
{
	struct kview_tracepoint *point;

	guard(mutex)(&lock);
	point = find_known(tp);
	if (!point)
		return find_new(tp, why, ret_tracepoint);
	if (kview_tracepoint_in_modules(point))
		return refuse(-EOPNOTSUPP, KVIEW_WHY_TP_IN_MODULE, why);
	*ret_tracepoint = point;
	return 0;
}

struct search {
	const char *name;
	struct tracepoint *tp;
};

static void match(struct tracepoint *tp, void *data)
{
	struct search *search = data;

	if (!strcmp(tp->name, search->name))
		search->tp = tp;
}

/* The kernel's list has modules' tracepoints, too, under the name BPF programs know them by. */
static bool in_module(const char *name)
{
	struct bpf_raw_event_map *map = kview_call(bpf_get_raw_tracepoint)(name);

	if (map)
		kview_call(bpf_put_raw_tracepoint)(map);
	return map;
}

int kview_tracepoint_find(const char *name, u32 *why, const struct kview_tracepoint **ret_tracepoint)
{
	struct search search = { .name = name };

	for_each_kernel_tracepoint(match, &search);
	if (search.tp)
		return kview_tracepoint_get(search.tp, why, ret_tracepoint);
	if (in_module(name))
		return refuse(-EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT, why);
	return refuse(-ENOENT, KVIEW_WHY_NO_TRACEPOINT, why);
}

void kview_tracepoint_exit(void)
{
	struct kview_tracepoint *point, *next;

	list_for_each_entry_safe(point, next, &found, node) {
		list_del(&point->node);
		free_point(point);
	}
	kview_loads_exit();
}
