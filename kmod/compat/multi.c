// SPDX-License-Identifier: GPL-2.0-only
#include "compat/multi.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cleanup.h>
#include <linux/mutex.h>

#include "compat/symbols.h"

static struct kview_multi_layout layout;
static DEFINE_MUTEX(lock);

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	s32 id = kview_call(btf_find_by_name_kind)(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? NULL : kview_call(btf_type_by_id)(btf, id);
}

/* Offset of a field in bytes. */
static bool find_field(const struct btf *btf, const struct btf_type *type, const char *name, u32 *ret_offset)
{
	const struct btf_member *member;
	u32 i;

	for_each_member(i, type, member) {
		if (strcmp(kview_call(btf_name_by_offset)(btf, member->name_off), name))
			continue;
		*ret_offset = __btf_member_bit_offset(type, member) / BITS_PER_BYTE;
		return true;
	}
	return false;
}

static bool read_link(const struct btf *btf, struct kview_multi_layout *to)
{
	const struct btf_type *type = find_struct(btf, "bpf_kprobe_multi_link");

	if (!type)
		return false;
	to->link_size = type->size;
	return find_field(btf, type, "addrs", &to->addrs) && find_field(btf, type, "cookies", &to->cookies) &&
	       find_field(btf, type, "cnt", &to->cnt);
}

static bool read_session(const struct btf *btf, u32 offset, struct kview_multi_layout *to)
{
	const struct btf_type *type = find_struct(btf, "bpf_session_run_ctx");

	if (!type || !find_field(btf, type, "is_return", &to->context_is_return) ||
	    !find_field(btf, type, "data", &to->context_data))
		return false;
	to->context_is_return += offset;
	to->context_data += offset;
	/* Both are written as words, in this order. */
	to->sessions = to->context_is_return + sizeof(u64) <= to->context_data;
	return to->sessions;
}

static bool read_context(const struct btf *btf, struct kview_multi_layout *to)
{
	const struct btf_type *type = find_struct(btf, "bpf_kprobe_multi_run_ctx");
	u32 offset;

	if (!type || type->size > KVIEW_MULTI_CONTEXT_MAX)
		return false;
	to->context_size = type->size;
	if (!find_field(btf, type, "link", &to->context_link) || !find_field(btf, type, "entry_ip", &to->context_ip))
		return false;
	/* What bpf_ctx of a task points to has to come first. */
	if (find_field(btf, type, "session_ctx", &offset))
		return !offset && read_session(btf, offset, to);
	return find_field(btf, type, "run_ctx", &offset) && !offset;
}

int kview_multi_layout(const struct kview_multi_layout **ret_layout)
{
	const struct btf *btf = kview_call(bpf_get_btf_vmlinux)();
	struct kview_multi_layout found = {};

	if (IS_ERR_OR_NULL(btf))
		return -EOPNOTSUPP;
	guard(mutex)(&lock);
	if (!layout.link_size) {
		if (!read_link(btf, &found) || !read_context(btf, &found))
			return -EOPNOTSUPP;
		layout = found;
	}
	*ret_layout = &layout;
	return 0;
}
