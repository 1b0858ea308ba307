// SPDX-License-Identifier: GPL-2.0-only
#include "request.h"

#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "link.h"

int kview_read_struct(void *to, size_t known, const void __user *from)
{
	u32 size;
	int err;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < sizeof(size) || size > PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(to, known, from, size);
	/* The caller may have changed it between the two reads; what was checked counts. */
	*(u32 *)to = size;
	return err;
}

int kview_write_struct(void __user *to, const void *from, size_t known)
{
	return copy_to_user(to, from, min_t(size_t, known, *(const u32 *)from)) ? -EFAULT : 0;
}

unsigned int kview_command(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == KVIEW_IOC_TYPE ? _IOC_NR(cmd) : UINT_MAX;
}

bool kview_tracing_allowed(void)
{
	return perfmon_capable() && bpf_capable();
}

static void free_names(char **names, u32 count)
{
	u32 i;

	for (i = 0; names && i < count; i++)
		kfree(names[i]);
	kvfree(names);
}

void kview_targets_free(struct kview_targets *targets)
{
	kvfree(targets->list);
	free_names(targets->names, targets->count);
}

int kview_targets_read(struct kview_targets *targets, u64 from, u32 count)
{
	u32 i;

	if (!count || count > KVIEW_TARGETS_MAX)
		return -EINVAL;
	targets->count = count;
	targets->list = kvmalloc_array(count, sizeof(*targets->list), GFP_KERNEL);
	targets->names = kvcalloc(count, sizeof(*targets->names), GFP_KERNEL);
	if (!targets->list || !targets->names)
		return -ENOMEM;
	if (copy_from_user(targets->list, u64_to_user_ptr(from), count * sizeof(*targets->list)))
		return -EFAULT;
	for (i = 0; i < count; i++) {
		char *name;

		if (!targets->list[i].name)
			continue;
		name = strndup_user(u64_to_user_ptr(targets->list[i].name), KSYM_NAME_LEN);
		if (IS_ERR(name))
			return PTR_ERR(name);
		targets->names[i] = name;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

bool kview_kind_valid(u32 kind, u32 count)
{
	if (kview_link_prog_type(kind) == BPF_PROG_TYPE_UNSPEC)
		return false;
	return count == 1 || !kview_link_kind_single(kind);
}
