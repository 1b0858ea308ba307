// SPDX-License-Identifier: GPL-2.0-or-later
#include "kv.h"

#include <fcntl.h>

#include "testlib.h"

__u32 kv_reason, kv_index;
static int device = -1;

bool kv_loaded(void)
{
	return !access(KVIEW_DEVICE, F_OK);
}

int kv_device(void)
{
	if (device < 0)
		device = CHECK_CALL(open(KVIEW_DEVICE, O_RDWR | O_CLOEXEC));
	return device;
}

void kv_device_close(void)
{
	if (device >= 0)
		close(device);
	device = -1;
}

void kv_info(struct kview_info *ret_info)
{
	bool opened = device < 0;

	*ret_info = (struct kview_info){ .size = sizeof(*ret_info) };
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_INFO, ret_info));
	if (opened)
		kv_device_close();
}

int kv_try_view(void)
{
	struct kview_view_create request = { .size = sizeof(request), .name = "test" };
	int view = ioctl(kv_device(), KVIEW_IOC_VIEW_CREATE, &request);

	return view < 0 ? -errno : view;
}

int kv_view(void)
{
	int view = kv_try_view();

	if (view < 0)
		FAIL("view: %s", strerror(-view));
	return view;
}

struct kview_view_info kv_view_info(int view)
{
	struct kview_view_info info = { .size = sizeof(info) };

	CHECK_CALL(ioctl(view, KVIEW_IOC_VIEW_INFO, &info));
	return info;
}

static int change_member_as(int view, unsigned long call, __u32 flags, pid_t pid, int pidfd)
{
	struct kview_member request = { .size = sizeof(request), .flags = flags, .pid = pid, .pidfd = pidfd };
	int err = ioctl(view, call, &request) < 0 ? -errno : 0;

	kv_reason = request.reason;
	return err;
}

static int change_member(int view, unsigned long call, pid_t pid, int pidfd)
{
	return change_member_as(view, call, 0, pid, pidfd);
}

int kv_try_member(int view, pid_t pid)
{
	return change_member(view, KVIEW_IOC_MEMBER_ADD, pid, -1);
}

int kv_try_member_pidfd(int view, int pidfd)
{
	return change_member(view, KVIEW_IOC_MEMBER_ADD, 0, pidfd);
}

int kv_try_follow(int view, pid_t pid)
{
	return change_member_as(view, KVIEW_IOC_MEMBER_ADD, KVIEW_MEMBER_FOLLOW, pid, -1);
}

void kv_follow(int view, pid_t pid)
{
	int err = kv_try_follow(view, pid);

	if (err)
		FAIL("follow %d: %s, %s", pid, strerror(-err), kv_reason_name(kv_reason));
}

int kv_try_member_remove(int view, pid_t pid)
{
	return change_member(view, KVIEW_IOC_MEMBER_REMOVE, pid, -1);
}

int kv_try_thread(int view, pid_t tid)
{
	return change_member_as(view, KVIEW_IOC_MEMBER_ADD, KVIEW_MEMBER_THREAD, tid, -1);
}

int kv_try_thread_remove(int view, pid_t tid)
{
	return change_member_as(view, KVIEW_IOC_MEMBER_REMOVE, KVIEW_MEMBER_THREAD, tid, -1);
}

void kv_member(int view, pid_t pid)
{
	int err = kv_try_member(view, pid);

	if (err)
		FAIL("member %d: %s, %s", pid, strerror(-err), kv_reason_name(kv_reason));
}

static int change_cgroup(int view, unsigned long call, int fd)
{
	struct kview_cgroup request = { .size = sizeof(request), .fd = fd };
	int err = ioctl(view, call, &request) < 0 ? -errno : 0;

	kv_reason = request.reason;
	return err;
}

int kv_try_cgroup(int view, int fd)
{
	return change_cgroup(view, KVIEW_IOC_CGROUP_ADD, fd);
}

int kv_try_cgroup_remove(int view, int fd)
{
	return change_cgroup(view, KVIEW_IOC_CGROUP_REMOVE, fd);
}

void kv_cgroup(int view, int fd)
{
	int err = kv_try_cgroup(view, fd);

	if (err)
		FAIL("cgroup: %s, %s", strerror(-err), kv_reason_name(kv_reason));
}

int kv_try_link_flags(int view, __u32 kind, __u32 flags, int prog, const struct kview_target *targets, __u32 count)
{
	struct kview_link_create request = {
		.size = sizeof(request),
		.flags = flags,
		.kind = kind,
		.prog_fd = prog,
		.targets = (unsigned long)targets,
		.count = count,
	};
	int link = ioctl(view, KVIEW_IOC_LINK_CREATE, &request);

	if (link < 0)
		link = -errno;
	kv_reason = request.reason;
	kv_index = request.index;
	return link;
}

int kv_try_link(int view, __u32 kind, int prog, const struct kview_target *targets, __u32 count)
{
	return kv_try_link_flags(view, kind, 0, prog, targets, count);
}

int kv_try_entry(int view, int prog, const char *function)
{
	struct kview_target target = { .name = (unsigned long)function };

	return kv_try_link(view, KVIEW_HOOK_ENTRY, prog, &target, 1);
}

int kv_entry(int view, int prog, const char *function)
{
	int link = kv_try_entry(view, prog, function);

	if (link < 0)
		FAIL("hook %s: %s, %s", function, strerror(-link), kv_reason_name(kv_reason));
	return link;
}

int kv_try_syscall(int view, __u32 kind, int prog, long number)
{
	struct kview_target target = { .value = number };

	return kv_try_link(view, kind, prog, &target, 1);
}

int kv_syscall(int view, __u32 kind, int prog, long number)
{
	int link = kv_try_syscall(view, kind, prog, number);

	if (link < 0)
		FAIL("hook of kind %u on system call %ld: %s, %s", kind, number, strerror(-link),
		     kv_reason_name(kv_reason));
	return link;
}

struct kview_link_info kv_link_info(int link)
{
	struct kview_link_info info = { .size = sizeof(info) };

	CHECK_CALL(ioctl(link, KVIEW_IOC_LINK_INFO, &info));
	return info;
}

static unsigned int retired(void)
{
	struct kview_info info;

	kv_info(&info);
	return info.retired;
}

void kv_wait_retired(void)
{
	WAIT_FOR(!retired());
}

const char *kv_reason_name(__u32 reason)
{
#define REASON(name) [KVIEW_WHY_##name] = "KVIEW_WHY_" #name
	static const char *const names[] = {
		REASON(NONE), REASON(NO_PROCESS), REASON(KERNEL_THREAD), REASON(EXITING),
		REASON(ALREADY_MEMBER), REASON(NOT_MEMBER), REASON(NO_SYMBOL), REASON(AMBIGUOUS),
		REASON(MODULE_TEXT), REASON(NOT_TEXT), REASON(NOT_TRACEABLE), REASON(NOT_ENTRY),
		REASON(CROSSES_PAGE), REASON(UNKNOWN_CODE), REASON(PROG_TYPE), REASON(PROG_CONTEXT),
		REASON(PROG_OVERRIDE), REASON(PROG_NOT_JITED), REASON(PROG_SLEEPABLE), REASON(PROG_FAR),
		REASON(NO_SUCH_SYSCALL), REASON(NO_SYSCALL_SITE), REASON(DUPLICATE), REASON(PROG_MULTI),
		REASON(PROG_FD), REASON(NO_CGROUP), REASON(NO_TRACEPOINT), REASON(TP_UNUSED), REASON(TP_IN_MODULE),
		REASON(TP_GLOBAL), REASON(TP_NO_TYPE), REASON(TEXT_BUSY), REASON(PROG_OTHER_TP), REASON(NO_RECORD),
		REASON(NO_THREAD), REASON(THREAD_EXITING), REASON(TOO_MANY_THREADS), REASON(TOO_MANY_PROGRAMS),
	};
#undef REASON

	return reason < sizeof(names) / sizeof(names[0]) && names[reason] ? names[reason] : "an unknown reason";
}
