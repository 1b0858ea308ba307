// SPDX-License-Identifier: GPL-2.0-only
#include "chardev.h"

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <kview.h>

#include "compat/cleanup.h"
#include "hook.h"
#include "list.h"
#include "request.h"
#include "view.h"
#include "view_file.h"

static long create_view(void __user *user)
{
	struct kview_view_create request;
	struct kview_view *view;
	long err = kview_read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.flags || strnlen(request.name, sizeof(request.name)) == sizeof(request.name))
		return -EINVAL;
	if (!kview_tracing_allowed())
		return -EPERM;
	err = kview_view_new(request.name, &view);
	if (err)
		return err;
	err = kview_view_file_open(view);
	if (err < 0)
		kview_view_close(view);
	return err;
}

/* Whether there is a function at an address tells, asked often enough, where the kernel lies. */
static bool asks_addresses(u32 kind, const struct kview_targets *targets)
{
	u32 i;

	switch (kind) {
	case KVIEW_HOOK_TP_ENTER:
	case KVIEW_HOOK_TP_EXIT:
	case KVIEW_HOOK_RAW_ENTER:
	case KVIEW_HOOK_RAW_EXIT:
		return false; /* numbers of system calls, or nothing */
	}
	for (i = 0; i < targets->count; i++)
		if (!targets->names[i])
			return true;
	return false;
}

static int check_targets(const struct kview_check *request, const struct kview_targets *targets, u32 *reasons)
{
	struct kview_hook hook = {};
	u32 i;
	int err;

	for (i = 0; i < targets->count; i++) {
		err = kview_hook_resolve(&hook, request->kind, targets->names[i], targets->list[i].value, &reasons[i]);
		if (err == -ENOMEM)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static long check(void __user *user)
{
	u32 *reasons __free(kview_kvfree) = NULL;
	struct kview_targets targets = {};
	struct kview_check request;
	long err = kview_read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.reserved || !kview_kind_valid(request.kind, request.count))
		return -EINVAL;
	err = kview_targets_read(&targets, request.targets, request.count);
	if (!err && asks_addresses(request.kind, &targets) && !kview_list_shows_addresses())
		err = -EPERM;
	if (!err) {
		reasons = kvcalloc(targets.count, sizeof(*reasons), GFP_KERNEL);
		err = reasons ? check_targets(&request, &targets, reasons) : -ENOMEM;
	}
	if (!err && copy_to_user(u64_to_user_ptr(request.reasons), reasons, targets.count * sizeof(*reasons)))
		err = -EFAULT;
	kview_targets_free(&targets);
	return err;
}

static long info(void __user *user)
{
	struct kview_info record;
	long err = kview_read_struct(&record, sizeof(record), user);

	if (err)
		return err;
	kview_list_info(&record);
	return kview_write_struct(user, &record, sizeof(record));
}

/* One function per kind of record, all alike: read the cursor, fill, write. */
#define DEFINE_LISTING(name, record_type, list)                                                                        \
	static long name(void __user *user)                                                                            \
	{                                                                                                              \
		struct record_type record;                                                                             \
		long err = kview_read_struct(&record, sizeof(record), user);                                                 \
                                                                                                                       \
		if (!err)                                                                                              \
			err = list(&record);                                                                           \
		return err ?: kview_write_struct(user, &record, sizeof(record));                                             \
	}

DEFINE_LISTING(next_view, kview_view_info, kview_list_next_view)
DEFINE_LISTING(member_info, kview_member_info, kview_list_member)
DEFINE_LISTING(cgroup_info, kview_cgroup_info, kview_list_cgroup)
DEFINE_LISTING(next_link, kview_link_info, kview_list_next_link)
DEFINE_LISTING(hook_info, kview_hook_info, kview_list_hook)

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (kview_command(cmd)) {
	case _IOC_NR(KVIEW_IOC_INFO):
		return info(user);
	case _IOC_NR(KVIEW_IOC_VIEW_CREATE):
		return create_view(user);
	case _IOC_NR(KVIEW_IOC_CHECK):
		return check(user);
	case _IOC_NR(KVIEW_IOC_NEXT_VIEW):
		return next_view(user);
	case _IOC_NR(KVIEW_IOC_MEMBER_INFO):
		return member_info(user);
	case _IOC_NR(KVIEW_IOC_CGROUP_INFO):
		return cgroup_info(user);
	case _IOC_NR(KVIEW_IOC_NEXT_LINK):
		return next_link(user);
	case _IOC_NR(KVIEW_IOC_HOOK_INFO):
		return hook_info(user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kview",
	.mode = 0600,
	.fops = &device_fops,
};

int kview_chardev_init(void)
{
	return misc_register(&device);
}

void kview_chardev_exit(void)
{
	misc_deregister(&device);
}
