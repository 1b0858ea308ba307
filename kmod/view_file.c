// SPDX-License-Identifier: GPL-2.0-only
#include "view_file.h"

#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/task.h>

#include "cgroup.h"
#include "compat/symbols.h"
#include "image.h"
#include "join.h"
#include "link.h"
#include "list.h"
#include "member.h"
#include "request.h"
#include "retire.h"
#include "view.h"

#define RETIRED_MAX 256 /* stubs waiting for RCU before an attach waits for them: bounds the memory of a tight loop */

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

	if (kview_command(cmd) != _IOC_NR(KVIEW_IOC_LINK_INFO))
		return -ENOTTY;
	err = kview_read_struct(&info, sizeof(info), user);
	if (err)
		return err;
	kview_list_link(file->private_data, &info);
	return kview_write_struct(user, &info, sizeof(info));
}

static const struct file_operations link_fops = {
	.owner = THIS_MODULE,
	.release = link_file_release,
	.unlocked_ioctl = link_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* --- view files ---------------------------------------------------------------------------------------------------- */

static struct pid *find_pid(const struct kview_member *request)
{
	unsigned int flags;

	if (request->pidfd >= 0)
		return kview_call(pidfd_get_pid)(request->pidfd, &flags);
	return find_get_pid(request->pid) ?: ERR_PTR(-ESRCH);
}

static struct task_struct *find_task(const struct kview_member *request, u32 *why)
{
	bool is_thread = request->flags & KVIEW_MEMBER_THREAD;
	struct pid *pid = find_pid(request);
	struct task_struct *task;

	if (!IS_ERR(pid)) {
		task = get_pid_task(pid, is_thread ? PIDTYPE_PID : PIDTYPE_TGID);
		put_pid(pid);
		if (task)
			return task;
	} else if (PTR_ERR(pid) != -ESRCH) {
		return ERR_CAST(pid);
	}
	*why = is_thread ? KVIEW_WHY_NO_THREAD : KVIEW_WHY_NO_PROCESS;
	return ERR_PTR(-ESRCH);
}

static u8 reasons_of(const struct kview_member *request)
{
	return request->flags & KVIEW_MEMBER_THREAD ? KVIEW_MEMBER_THREAD : KVIEW_MEMBER_ADDED | request->flags;
}

static int add_member(struct kview_view *view, struct task_struct *task, struct kview_member *request)
{
	return kview_join(view, task, reasons_of(request), &request->reason);
}

static int remove_member(struct kview_view *view, struct task_struct *task, struct kview_member *request)
{
	u8 reasons = reasons_of(request);

	/* Nobody is followed who is no member. */
	if (reasons & KVIEW_MEMBER_ADDED)
		reasons |= KVIEW_MEMBER_FOLLOW;
	return kview_leave(view, task, reasons, &request->reason);
}

/* @flags: those that are known, of which no two go together. */
static long change_member(struct kview_view *view, void __user *user, u32 flags,
			  int (*change)(struct kview_view *view, struct task_struct *task, struct kview_member *request))
{
	struct kview_member request;
	struct task_struct *task;
	int err = kview_read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.flags & ~flags || hweight32(request.flags) > 1 || request.reserved || (request.pidfd >= 0 ? request.pid != 0 : request.pid <= 0))
		return -EINVAL;
	request.reason = KVIEW_WHY_NONE;
	task = find_task(&request, &request.reason);
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
	} else {
		err = change(view, task, &request);
		put_task_struct(task);
	}
	/* Only a refusal has something to tell; after success nothing may fail any more. */
	if (err && kview_write_struct(user, &request, sizeof(request)))
		return -EFAULT;
	return err;
}

static long change_cgroup(struct kview_view *view, void __user *user,
			  int (*change)(struct kview_view *view, int fd, u32 *why))
{
	struct kview_cgroup request;
	int err = kview_read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	if (request.flags)
		return -EINVAL;
	request.reason = KVIEW_WHY_NONE;
	err = change(view, request.fd, &request.reason);
	if (err && kview_write_struct(user, &request, sizeof(request)))
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
static int publish_link(struct kview_view *view, struct kview_link *link, u32 *why)
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
		*why = kview_image_why(err);
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
	if (request->flags & ~(KVIEW_LINK_INTERRUPTS | KVIEW_LINK_HELD | KVIEW_LINK_PUT_OFF))
		return false;
	if (request->flags & KVIEW_LINK_PUT_OFF && request->kind != KVIEW_HOOK_RAW_ENTER)
		return false;
	return !(request->flags & KVIEW_LINK_INTERRUPTS) || request->kind == KVIEW_HOOK_ENTRY || request->kind == KVIEW_HOOK_FENTRY ||
	       request->kind == KVIEW_HOOK_RAW_TP || request->kind == KVIEW_HOOK_BTF_TP;
}

static int create_link(struct kview_view *view, struct kview_link_create *request)
{
	struct kview_targets targets = {};
	struct kview_link *link;
	int err;

	if (request->reserved || !kview_kind_valid(request->kind, request->count) || !flags_valid(request))
		return -EINVAL;
	if (!kview_tracing_allowed())
		return -EPERM;
	err = kview_targets_read(&targets, request->targets, request->count);
	if (!err)
		err = kview_link_new(request->kind, request->prog_fd, targets.list, targets.names, targets.count,
				     &request->reason, &request->index, &link);
	kview_targets_free(&targets);
	if (err)
		return err;
	link->interrupts = request->flags & KVIEW_LINK_INTERRUPTS;
	link->held = request->flags & KVIEW_LINK_HELD;
	link->puts_off = request->flags & KVIEW_LINK_PUT_OFF;
	return publish_link(view, link, &request->reason);
}

static long view_create_link(struct kview_view *view, void __user *user)
{
	struct kview_link_create request;
	long err = kview_read_struct(&request, sizeof(request), user);

	if (err)
		return err;
	request.reason = KVIEW_WHY_NONE;
	request.index = 0;
	err = create_link(view, &request);
	/* Only a refusal has something to tell; after success nothing may fail any more. */
	if (err < 0 && kview_write_struct(user, &request, sizeof(request)))
		return -EFAULT;
	return err;
}

static int start_links(struct kview_view *view, u32 *why)
{
	int err;

	mutex_lock(&kview_lock);
	err = kview_view_start(view);
	mutex_unlock(&kview_lock);
	*why = kview_image_why(err);
	return err;
}

static long view_start_links(struct kview_view *view, unsigned int cmd, void __user *user)
{
	struct kview_links_start request;
	int err;

	if (!_IOC_SIZE(cmd))
		return start_links(view, &request.reason);
	err = kview_read_struct(&request, sizeof(request), user);
	if (err)
		return err;
	if (request.flags || request.reserved)
		return -EINVAL;
	err = start_links(view, &request.reason);
	if (err && kview_write_struct(user, &request, sizeof(request)))
		return -EFAULT;
	return err;
}

static long view_info(struct kview_view *view, void __user *user)
{
	struct kview_view_info info;
	int err = kview_read_struct(&info, sizeof(info), user);

	if (err)
		return err;
	kview_list_view(view, &info);
	return kview_write_struct(user, &info, sizeof(info));
}

static long view_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kview_view *view = file->private_data;
	void __user *user = (void __user *)arg;

	switch (kview_command(cmd)) {
	case _IOC_NR(KVIEW_IOC_MEMBER_ADD):
		return kview_tracing_allowed() ? change_member(view, user, KVIEW_MEMBER_FOLLOW | KVIEW_MEMBER_THREAD, add_member) : -EPERM;
	case _IOC_NR(KVIEW_IOC_MEMBER_REMOVE):
		return change_member(view, user, KVIEW_MEMBER_THREAD, remove_member);
	case _IOC_NR(KVIEW_IOC_CGROUP_ADD):
		return kview_tracing_allowed() ? change_cgroup(view, user, kview_cgroup_add) : -EPERM;
	case _IOC_NR(KVIEW_IOC_CGROUP_REMOVE):
		return change_cgroup(view, user, kview_cgroup_remove);
	case _IOC_NR(KVIEW_IOC_LINK_CREATE):
		return view_create_link(view, user);
	case _IOC_NR(KVIEW_IOC_LINKS_START):
		return kview_tracing_allowed() ? view_start_links(view, cmd, user) : -EPERM;
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

int kview_view_file_open(struct kview_view *view)
{
	return anon_inode_getfd("kview-view", &view_fops, view, O_RDWR | O_CLOEXEC);
}
