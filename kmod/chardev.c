// SPDX-License-Identifier: GPL-2.0-only
#include "chardev.h"

#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <kview.h>

#include "cgroup.h"
#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "link.h"
#include "list.h"
#include "member.h"
#include "retire.h"
#include "view.h"

#define RETIRED_MAX 256 /* stubs waiting for RCU before an attach waits for them: bounds the memory of a tight loop */

/* --- structures from user space ------------------------------------------------------------------------------------ */

/* Every structure begins with its size. Zero-extend a short one, refuse a long one with unknown content. */
static int read_struct(void *to, size_t known, const void __user *from)
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

/* As much as the caller's structure holds. */
static int write_struct(void __user *to, const void *from, size_t known)
{
	return copy_to_user(to, from, min_t(size_t, known, *(const u32 *)from)) ? -EFAULT : 0;
}

/* The size in a command's number is the caller's structure's: one that has grown or not yet is the same command. */
static unsigned int command(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == KVIEW_IOC_TYPE ? _IOC_NR(cmd) : UINT_MAX;
}

static bool allowed(void)
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

struct targets {
	struct kview_target *list;
	char **names; /* NULL where a target has none */
	u32 count;
};

static void targets_free(struct targets *targets)
{
	kvfree(targets->list);
	free_names(targets->names, targets->count);
}

static int targets_read(struct targets *targets, u64 from, u32 count)
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

static bool kind_valid(u32 kind, u32 count)
{
	if (kview_link_prog_type(kind) == BPF_PROG_TYPE_UNSPEC)
		return false;
	return count == 1 || !kview_link_kind_single(kind);
}

/* --- link files ---------------------------------------------------------------------------------------------------- */

static int link_file_release(struct inode *inode, struct file *file)
{
	struct kview_link *link = file->private_data;

	mutex_lock(&kview_lock);
	kview_view_detach(link);
	mutex_unlock(&kview_lock);
	kview_link_put(link);
	return 0;
}

static long link_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	struct kview_link_info info;
	int err;

	if (command(cmd) != _IOC_NR(KVIEW_IOC_LINK_INFO))
		return -ENOTTY;
	err = read_struct(&info, sizeof(info), user);
	if (err)
		return err;
	kview_list_link(file->private_data, &info);
	return write_struct(user, &info, sizeof(info));
}

static const struct file_operations link_fops = {
	.owner = THIS_MODULE,
	.release = link_file_release,
	.unlocked_ioctl = link_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* --- view files ---------------------------------------------------------------------------------------------------- */

static struct pid *find_pid(const struct kview_member *request, u32 *why)
{
	struct pid *pid;
	unsigned int flags;

	if (request->pidfd >= 0)
		return kview_call(pidfd_get_pid)(request->pidfd, &flags);
	pid = find_get_pid(request->pid);
	if (pid)
		return pid;
	*why = KVIEW_WHY_NO_PROCESS;
	return ERR_PTR(-ESRCH);
}

static struct task_struct *find_process(const struct kview_member *request, u32 *why)
{
	struct pid *pid = find_pid(request, why);
	struct task_struct *task;

	if (IS_ERR(pid))
		return ERR_CAST(pid);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	if (task)
		return task;
	*why = KVIEW_WHY_NO_PROCESS;
	return ERR_PTR(-ESRCH);
}

static int add_member(struct kview_view *view, struct task_struct *task, struct kview_member *request)
{
	return kview_member_add(view, task, request->flags & KVIEW_MEMBER_FOLLOW, &request->reason);
}

static int remove_member(struct kview_view *view, struct task_struct *task, struct kview_member *request)
{
	return kview_member_remove(view, task, &request->reason);
}

static long change_member(struct kview_view *view, void __user *user, u32 flags,
			  int (*change)(struct kview_view *view, struct task_struct *task, struct kview_member *request))
{
	struct kview_member request;
	struct task_struct *task;
	int err = read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.flags & ~flags || request.reserved || (request.pidfd >= 0 ? request.pid != 0 : request.pid <= 0))
		return -EINVAL;
	request.reason = KVIEW_WHY_NONE;
	task = find_process(&request, &request.reason);
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
	} else {
		err = change(view, task, &request);
		put_task_struct(task);
	}
	/* Only a refusal has something to tell; after success nothing may fail any more. */
	if (err && write_struct(user, &request, sizeof(request)))
		return -EFAULT;
	return err;
}

static long change_cgroup(struct kview_view *view, void __user *user,
			  int (*change)(struct kview_view *view, int fd, u32 *why))
{
	struct kview_cgroup request;
	int err = read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.flags)
		return -EINVAL;
	request.reason = KVIEW_WHY_NONE;
	err = change(view, request.fd, &request.reason);
	if (err && write_struct(user, &request, sizeof(request)))
		return -EFAULT;
	return err;
}

/* A descriptor and a file for @link, both still to be handed out; the file owns a reference. */
static int link_file(struct kview_link *link, struct file **ret_file)
{
	struct file *file;
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	file = anon_inode_getfile("kview-link", &link_fops, link, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	kview_link_get(link);
	*ret_file = file;
	return fd;
}

static int attach(struct kview_view *view, struct kview_link *link)
{
	int err;

	if (kview_retired() > RETIRED_MAX)
		kview_retire_wait();
	mutex_lock(&kview_lock);
	err = kview_view_attach(view, link);
	mutex_unlock(&kview_lock);
	return err;
}

/* Takes over the caller's reference on @link. */
static int publish_link(struct kview_view *view, struct kview_link *link)
{
	struct file *file;
	int fd, err;

	fd = link_file(link, &file);
	if (fd < 0) {
		kview_link_put(link);
		return fd;
	}
	err = attach(view, link);
	if (err) {
		put_unused_fd(fd);
		fput(file);
		kview_link_put(link);
		return err;
	}
	fd_install(fd, file);
	return fd;
}

/* In an interrupt a trampoline does not stay on the stack for the function's return. */
static bool flags_valid(const struct kview_link_create *request)
{
	if (request->flags & ~KVIEW_LINK_INTERRUPTS)
		return false;
	return !request->flags || request->kind == KVIEW_HOOK_ENTRY || request->kind == KVIEW_HOOK_FENTRY ||
	       request->kind == KVIEW_HOOK_RAW_TP || request->kind == KVIEW_HOOK_BTF_TP;
}

static int create_link(struct kview_view *view, struct kview_link_create *request)
{
	struct targets targets = {};
	struct kview_link *link;
	int err;

	if (request->reserved || !kind_valid(request->kind, request->count) || !flags_valid(request))
		return -EINVAL;
	if (!allowed())
		return -EPERM;
	err = targets_read(&targets, request->targets, request->count);
	if (!err)
		err = kview_link_new(request->kind, request->prog_fd, targets.list, targets.names, targets.count,
				     &request->reason, &request->index, &link);
	targets_free(&targets);
	if (err)
		return err;
	link->interrupts = request->flags & KVIEW_LINK_INTERRUPTS;
	return publish_link(view, link);
}

static long view_create_link(struct kview_view *view, void __user *user)
{
	struct kview_link_create request;
	long err = read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	request.reason = KVIEW_WHY_NONE;
	request.index = 0;
	err = create_link(view, &request);
	/* Only a refusal has something to tell; after success nothing may fail any more. */
	if (err < 0 && write_struct(user, &request, sizeof(request)))
		return -EFAULT;
	return err;
}

static long view_info(struct kview_view *view, void __user *user)
{
	struct kview_view_info info;
	int err = read_struct(&info, sizeof(info), user);

	if (err)
		return err;
	kview_list_view(view, &info);
	return write_struct(user, &info, sizeof(info));
}

static long view_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kview_view *view = file->private_data;
	void __user *user = (void __user *)arg;

	switch (command(cmd)) {
	case _IOC_NR(KVIEW_IOC_MEMBER_ADD):
		return allowed() ? change_member(view, user, KVIEW_MEMBER_FOLLOW, add_member) : -EPERM;
	case _IOC_NR(KVIEW_IOC_MEMBER_REMOVE):
		return change_member(view, user, 0, remove_member);
	case _IOC_NR(KVIEW_IOC_CGROUP_ADD):
		return allowed() ? change_cgroup(view, user, kview_cgroup_add) : -EPERM;
	case _IOC_NR(KVIEW_IOC_CGROUP_REMOVE):
		return change_cgroup(view, user, kview_cgroup_remove);
	case _IOC_NR(KVIEW_IOC_LINK_CREATE):
		return view_create_link(view, user);
	case _IOC_NR(KVIEW_IOC_VIEW_INFO):
		return view_info(view, user);
	default:
		return -ENOTTY;
	}
}

static int view_file_release(struct inode *inode, struct file *file)
{
	kview_view_close(file->private_data);
	return 0;
}

static const struct file_operations view_fops = {
	.owner = THIS_MODULE,
	.release = view_file_release,
	.unlocked_ioctl = view_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* --- the device ---------------------------------------------------------------------------------------------------- */

static long create_view(void __user *user)
{
	struct kview_view_create request;
	struct kview_view *view;
	long err = read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.flags || strnlen(request.name, sizeof(request.name)) == sizeof(request.name))
		return -EINVAL;
	if (!allowed())
		return -EPERM;
	err = kview_view_new(request.name, &view);
	if (err)
		return err;
	err = anon_inode_getfd("kview-view", &view_fops, view, O_RDWR | O_CLOEXEC);
	if (err < 0)
		kview_view_close(view);
	return err;
}

/* Whether there is a function at an address tells, asked often enough, where the kernel lies. */
static bool asks_addresses(u32 kind, const struct targets *targets)
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

static int check_targets(const struct kview_check *request, const struct targets *targets, u32 *reasons)
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
	struct targets targets = {};
	struct kview_check request;
	long err = read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.reserved || !kind_valid(request.kind, request.count))
		return -EINVAL;
	err = targets_read(&targets, request.targets, request.count);
	if (!err && asks_addresses(request.kind, &targets) && !kview_list_shows_addresses())
		err = -EPERM;
	if (!err) {
		reasons = kvcalloc(targets.count, sizeof(*reasons), GFP_KERNEL);
		err = reasons ? check_targets(&request, &targets, reasons) : -ENOMEM;
	}
	if (!err && copy_to_user(u64_to_user_ptr(request.reasons), reasons, targets.count * sizeof(*reasons)))
		err = -EFAULT;
	targets_free(&targets);
	return err;
}

static long info(void __user *user)
{
	struct kview_info record;
	long err = read_struct(&record, sizeof(record), user);

	if (err)
		return err;
	kview_list_info(&record);
	return write_struct(user, &record, sizeof(record));
}

/* One function per kind of record, all alike: read the cursor, fill, write. */
#define DEFINE_LISTING(name, record_type, list)                                                                        \
	static long name(void __user *user)                                                                            \
	{                                                                                                              \
		struct record_type record;                                                                             \
		long err = read_struct(&record, sizeof(record), user);                                                 \
                                                                                                                       \
		if (!err)                                                                                              \
			err = list(&record);                                                                           \
		return err ?: write_struct(user, &record, sizeof(record));                                             \
	}

DEFINE_LISTING(next_view, kview_view_info, kview_list_next_view)
DEFINE_LISTING(member_info, kview_member_info, kview_list_member)
DEFINE_LISTING(cgroup_info, kview_cgroup_info, kview_list_cgroup)
DEFINE_LISTING(next_link, kview_link_info, kview_list_next_link)
DEFINE_LISTING(hook_info, kview_hook_info, kview_list_hook)

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (command(cmd)) {
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
