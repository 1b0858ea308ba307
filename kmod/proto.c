// SPDX-License-Identifier: GPL-2.0-only
#include "proto.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "compat/symbols.h"

#define STRUCT_WORDS 2 /* larger ones always lie on the stack */

/* --- layout of one prototype --------------------------------------------------------------------------------------- */

/* Fields at odd places put the whole struct into memory; compilers place all others by their own alignment. */
static bool is_packed(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_member *member;
	u32 i;

	for_each_member(i, type, member) {
		const struct btf_type *field = kview_call(btf_type_skip_modifiers)(btf, member->type, NULL);
		u32 bits = __btf_member_bit_offset(type, member), size;

		if (__btf_member_bitfield_size(type, member) || !field)
			continue;
		size = btf_type_is_ptr(field) ? sizeof(void *) : btf_type_is_int(field) ? field->size : 1;
		if (!size || bits % (size * BITS_PER_BYTE))
			return true;
	}
	return false;
}

/* Words of one argument; 0: not known how it is passed. */
static u32 count_words(const struct btf *btf, u32 id)
{
	const struct btf_type *type = kview_call(btf_type_skip_modifiers)(btf, id, NULL);

	if (!type)
		return 0;
	if (btf_type_is_ptr(type) || btf_is_any_enum(type))
		return 1;
	/* 16-byte integers want an even place, and floating point other registers: kernel code passes neither. */
	if (btf_type_is_int(type))
		return type->size <= sizeof(u64) ? 1 : 0;
	if (BTF_INFO_KIND(type->info) != BTF_KIND_STRUCT && BTF_INFO_KIND(type->info) != BTF_KIND_UNION)
		return 0;
	return is_packed(btf, type) ? 0 : DIV_ROUND_UP(type->size, sizeof(u64));
}

/* A large struct is returned through a pointer the caller passes before all arguments. */
static bool returns_in_memory(const struct btf *btf, u32 id)
{
	const struct btf_type *type = id ? kview_call(btf_type_skip_modifiers)(btf, id, NULL) : NULL;

	return type && (BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(type->info) == BTF_KIND_UNION) &&
	       type->size > STRUCT_WORDS * sizeof(u64);
}

int kview_proto_read(const struct btf *btf, const struct btf_type *type, struct kview_proto *ret_proto)
{
	const struct btf_param *params = (const struct btf_param *)(type + 1);
	u32 i, j, used = returns_in_memory(btf, type->type) ? 1 : 0;
	struct kview_proto proto = {};

	for (i = 0; i < btf_type_vlen(type); i++) {
		u32 words;
		bool fits;

		if (!params[i].type) /* variable arguments: what the caller pushed only the callee can tell */
			return -EOPNOTSUPP;
		words = count_words(btf, params[i].type);
		if (!words || proto.words + words > KVIEW_PROTO_WORDS)
			return -EOPNOTSUPP;
		/* In registers as a whole or not at all; a later, smaller argument may still fit. */
		fits = words <= STRUCT_WORDS && used + words <= KVIEW_PROTO_REGISTERS;
		for (j = 0; j < words; j++)
			proto.place[proto.words++] = fits ? used++ : KVIEW_PROTO_REGISTERS + proto.stack_words++;
	}
	*ret_proto = proto;
	return 0;
}

/* --- functions by name --------------------------------------------------------------------------------------------- */

/* Open addressing; ids of functions in the kernel's BTF, 0 for free. Built at first use, kept until the module goes. */
static u32 *table;
static u32 mask;
static DEFINE_MUTEX(lock);

static bool is_func(const struct btf_type *type)
{
	return BTF_INFO_KIND(type->info) == BTF_KIND_FUNC;
}

static u32 slot_of(const char *name)
{
	return full_name_hash(NULL, name, strlen(name)) & mask;
}

static void insert(const struct btf *btf, u32 id, const struct btf_type *type)
{
	u32 slot = slot_of(kview_call(btf_name_by_offset)(btf, type->name_off));

	while (table[slot])
		slot = (slot + 1) & mask;
	table[slot] = id;
}

static u32 count_functions(const struct btf *btf, u32 types)
{
	u32 id, count = 0;

	for (id = 1; id < types; id++)
		count += is_func(kview_call(btf_type_by_id)(btf, id));
	return count;
}

static int build_table(const struct btf *btf)
{
	u32 types = kview_call(btf_nr_types)(btf), id;
	u32 size = roundup_pow_of_two(2 * count_functions(btf, types) + 1);

	table = kvcalloc(size, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	mask = size - 1;
	for (id = 1; id < types; id++) {
		const struct btf_type *type = kview_call(btf_type_by_id)(btf, id);

		if (is_func(type))
			insert(btf, id, type);
		cond_resched();
	}
	return 0;
}

static int read_function(const struct btf *btf, const struct btf_type *func, struct kview_proto *ret_proto)
{
	const struct btf_type *type = kview_call(btf_type_by_id)(btf, func->type);

	return type ? kview_proto_read(btf, type, ret_proto) : -ENOENT;
}

static int find(const struct btf *btf, const char *name, struct kview_proto *ret_proto)
{
	struct kview_proto found = {}, other = {};
	bool any = false;
	u32 slot;

	for (slot = slot_of(name); table[slot]; slot = (slot + 1) & mask) {
		const struct btf_type *func = kview_call(btf_type_by_id)(btf, table[slot]);
		int err;

		if (strcmp(kview_call(btf_name_by_offset)(btf, func->name_off), name))
			continue;
		err = read_function(btf, func, any ? &other : &found);
		if (err)
			return err;
		if (any && memcmp(&found, &other, sizeof(found)))
			return -ENOENT;
		any = true;
	}
	if (!any)
		return -ENOENT;
	*ret_proto = found;
	return 0;
}

int kview_proto_find(const char *name, struct kview_proto *ret_proto)
{
	const struct btf *btf = kview_call(bpf_get_btf_vmlinux)();
	int err;

	if (IS_ERR_OR_NULL(btf))
		return -ENOENT;
	guard(mutex)(&lock);
	err = table ? 0 : build_table(btf);
	return err ?: find(btf, name, ret_proto);
}

void kview_proto_exit(void)
{
	kvfree(table);
	table = NULL;
}
