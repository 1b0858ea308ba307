// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where the running kernel keeps what the filter of the ordinary mode reads, from the kernel's own type information. */
#include <bpf/btf.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "internal.h"
#include "filter.h"

DEFINE_CLEANUP(struct btf *, btf__free)

/* Byte offset of a member, also of one in an anonymous struct or union. */
static int member_offset(const struct btf *btf, uint32_t type_id, const char *name, uint32_t *ret_offset)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);

	if (!type || !btf_is_composite(type))
		return -ENOENT;
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];
		const char *member_name = btf__name_by_offset(btf, member->name_off);
		uint32_t inner = 0;

		if (strcmp(member_name, name) && (member_name[0] || member_offset(btf, member->type, name, &inner)))
			continue;
		*ret_offset = btf_member_bit_offset(type, i) / 8 + inner;
		return 0;
	}
	return -ENOENT;
}

static int read_task(const struct btf *btf, struct kview_layout *layout)
{
	int task = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT), err;

	if (task < 0)
		return task;
	err = member_offset(btf, task, "group_leader", &layout->group_leader);
	/* Since Linux commit cf25e24db61c ("time: Rename tsk->real_start_time to ->start_boottime") (in v5.5). */
	return err ?: member_offset(btf, task, "start_boottime", &layout->start_boottime);
}

/*
 * The preempt count says whether an interrupt is being handled. It lies in struct pcpu_hot from v6.2 to v6.14, before and
 * after that in a variable of its own.
 */
static void read_preempt_count(const struct btf *btf, struct kview_layout *layout)
{
	int hot = btf__find_by_name_kind(btf, "pcpu_hot", BTF_KIND_VAR);
	int own = btf__find_by_name_kind(btf, "__preempt_count", BTF_KIND_VAR);
	const struct btf_type *var = btf__type_by_id(btf, hot);

	if (own > 0)
		layout->preempt_var = own;
	else if (hot > 0 && !member_offset(btf, var->type, "preempt_count", &layout->preempt_count))
		layout->preempt_var = hot;
}

static int read_layout(struct kview_layout *ret_layout)
{
	_cleanup_(btf__freep) struct btf *btf = btf__load_vmlinux_btf();
	struct kview_layout layout = {};
	int err;

	if (!btf)
		return -errno;
	err = read_task(btf, &layout);
	if (err)
		return err;
	read_preempt_count(btf, &layout);
	*ret_layout = layout;
	return 0;
}

/* Reading takes 20 ms, and the kernel stays the same while this process lives. */
int kview_layout_read(struct kview_layout *ret_layout)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct kview_layout layout;
	static bool known;
	int err = 0;

	pthread_mutex_lock(&lock);
	if (!known)
		err = read_layout(&layout);
	known = !err;
	if (known)
		*ret_layout = layout;
	pthread_mutex_unlock(&lock);
	return err;
}
