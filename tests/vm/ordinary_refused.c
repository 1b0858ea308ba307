// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* What cannot be attached is refused with an errno and a reason that names the thing, and leaves nothing attached. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <uapi/kview.h>

#include "ordinary.h"
#include "ordinary.skel.h"
#include "ordinary_refused.skel.h"

static const struct {
	const char *program;
	int err;
	const char *reason;
} refused[] = {
	{ "unknown_function", -ENOENT, "kprobe/vfs_raed: the kernel has no function vfs_raed; near: vfs_read" },
	{ "not_traceable", -EOPNOTSUPP, "kprobe/do_syscall_64: the function has no ftrace entry" },
	{ "several", -ENOTUNIQ, "kprobe/type_show: the kernel has several functions of this name" },
	{ "inside", -EOPNOTSUPP, "kprobe/vfs_read+8: not supported yet" },
	{ "unknown_ksyscall", -ENOENT, "ksyscall/getpidd: the kernel has no function __x64_sys_getpidd; near: __x64_sys_getpid" },
	{ "unknown_syscall", -ENOENT, "sys_enter_getpidd: the kernel has no system call getpidd; near: getpid" },
	{ "on_return", -ENOENT, "kretprobe/vfs_raed: the kernel has no function vfs_raed; near: vfs_read" },
	{ "return_inside", -EINVAL, "kretprobe/vfs_read+8: a function returns as a whole" },
	{ "not_returnable", -EOPNOTSUPP, "kretprobe/do_syscall_64: the function has no ftrace entry" },
	{ "decides", -EOPNOTSUPP, "fmod_ret/security_file_permission: not supported: such a program decides" },
	{ "guards", -EOPNOTSUPP, "lsm/file_permission: not supported: such a program decides" },
	{ "unknown_event", -ENOENT, "tp/sched/sched_swich: the kernel has no tracepoint sched/sched_swich; near: sched/sched_switch" },
	{ "unknown_raw", -ENOENT, "raw_tp/sched_swich: the kernel has no tracepoint sched_swich; near: sched_switch" },
	{ "writable", -EOPNOTSUPP, "raw_tp.w/nbd_send_request: not supported: such a program changes" },
	{ "beyond_raw", -EACCES, "raw_tp/sys_enter: the program reads beyond the context" },
	{ "beyond_tracepoint", -EACCES, "sys_enter_close: the program reads beyond the context" },
	{ "beyond_raw_tp", -EACCES, "raw_tp/task_rename: the program reads beyond the context" },
	{ "beyond_event", -EACCES, "tp/task/task_rename: the program reads beyond the context" },
};

static int count_link(struct kview_link *link, void *data)
{
	(void)link;
	++*(int *)data;
	return 0;
}

static int count_links(struct kview *view)
{
	int count = 0;

	kview_each_link(view, count_link, &count);
	return count;
}

/* An object in which these programs are loaded; NULL ends the list. */
static struct ordinary_refused *load(const char *first, const char *second)
{
	struct ordinary_refused *skel = ordinary_refused__open();

	EXPECT(skel, "the object opens");
	bpf_program__set_autoload(bpf_object__find_program_by_name(skel->obj, first), true);
	if (second)
		bpf_program__set_autoload(bpf_object__find_program_by_name(skel->obj, second), true);
	EXPECT(!ordinary_refused__load(skel), "%s loads", first);
	return skel;
}

static void refuse_programs(struct kview *view)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct ordinary_refused *skel = load(refused[i].program, NULL);
		struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, refused[i].program);
		struct kview_link *link = NULL;

		test_refused(view, kview_attach_program(view, prog, NULL, &link), refused[i].err, refused[i].reason);
		EXPECT(!link, "%s", refused[i].program);
		EXPECT_EQUAL(count_links(view), 0);
		ordinary_refused__destroy(skel);
	}
}

/* All or none: the good one goes, too. */
static void refuse_object(struct kview *view)
{
	struct ordinary_refused *skel = load("good", "unknown_function");
	size_t count = 77;

	test_refused(view, kview_attach_object(view, skel->obj, &count), -ENOENT, "kprobe/vfs_raed: ");
	EXPECT_EQUAL(count, 77);
	EXPECT_EQUAL(count_links(view), 0);
	ordinary_refused__destroy(skel);

	skel = load("good", NULL);
	bpf_program__set_autoattach(skel->progs.good, false);
	test_refused(view, kview_attach_object(view, skel->obj, &count), -ENOENT, "no program");
	test_refused(view, kview_attach_program(view, skel->progs.several, NULL, NULL), -EINVAL, "not loaded");
	ordinary_refused__destroy(skel);
}

/* Kernels without kprobe.multi load such programs, but have nowhere to attach them. */
static void refuse_multi(struct kview *view, int multi)
{
	struct kview_status status = { .sz = sizeof(status) };
	const char *name = "__x64_sys_getpgid";
	struct kview_link *link;

	EXPECT_EQUAL(kview_status(&status), 0);
	if (!status.module_loaded)
		return;
	if (!(status.features & KVIEW_FEATURE_MULTI)) {
		test_refused(view, kview_attach_entries(view, multi, &name, NULL, 1, NULL), -EOPNOTSUPP, "kprobe.multi");
		return;
	}
	EXPECT(!kview_attach_entries(view, multi, &name, NULL, 1, &link), "%s", kview_reason(view));
	kview_link_close(link);
}

static void refuse_entries(struct kview *view)
{
	const char *names[] = { "__x64_sys_getpgid", "__x64_sys_getpid", "__x64_sys_getpgid", "vfs_raed" };
	struct ordinary_refused *skel = load("good", "multi");
	int fd = bpf_program__fd(skel->progs.good), multi = bpf_program__fd(skel->progs.multi), pipes[2];
	struct ordinary *other = ordinary__open_and_load();
	int raw = bpf_program__fd(other->progs.on_raw_enter), map = bpf_map__fd(other->maps.seen);

	EXPECT(!pipe(pipes), "%m");
	test_refused(view, kview_attach_entries(view, fd, names, NULL, 0, NULL), -EINVAL, "0 hooks");
	test_refused(view, kview_attach_entries(view, fd, names, NULL, 3, NULL), -EINVAL, "__x64_sys_getpgid: it is in the list twice");
	test_refused(view, kview_attach_entries(view, fd, names + 1, NULL, 3, NULL), -ENOENT, "vfs_raed: the kernel");
	refuse_multi(view, multi);
	test_refused(view, kview_attach_entries(view, raw, names, NULL, 1, NULL), -EINVAL, "on_raw_enter: the program's");
	test_refused(view, kview_attach_entries(view, map, names, NULL, 1, NULL), -EBADF, "not the descriptor");
	test_refused(view, kview_attach_entries(view, pipes[0], names, NULL, 1, NULL), -EBADF, "not the descriptor");
	test_refused(view, kview_attach_entries(view, -1, names, NULL, 1, NULL), -EBADF, "not the descriptor");
	EXPECT_EQUAL(count_links(view), 0);
	close(pipes[0]);
	close(pipes[1]);
	ordinary__destroy(other);
	ordinary_refused__destroy(skel);
}

/* A program that was loaded for another BPF program. */
static void refuse_tracing(struct kview *view)
{
	struct ordinary_refused *traced = load("good", NULL), *skel = ordinary_refused__open();
	struct bpf_program *prog = skel->progs.on_program;

	EXPECT(!bpf_program__set_attach_target(prog, bpf_program__fd(traced->progs.good), "good"), "%m");
	bpf_program__set_autoload(prog, true);
	EXPECT(!ordinary_refused__load(skel), "on_program loads");
	test_refused(view, kview_attach_program(view, prog, NULL, NULL), -EOPNOTSUPP, "fexit: the program was loaded for");
	ordinary_refused__destroy(skel);
	ordinary_refused__destroy(traced);
}

/* What views alone cannot do. */
static void refuse_in_view(struct kview *view)
{
	static const struct {
		const char *program, *reason;
	} cases[] = {
		{ "variable", "kretprobe/_printk: the kernel's type information (BTF) does not tell" },
		{ "global", "tp/exceptions/page_fault_user: the tracepoint can only be switched on for the whole machine" },
		{ "global_btf", "tp_btf/page_fault_kernel: the tracepoint can only be switched on for the whole machine" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ordinary_refused *skel = load(cases[i].program, NULL);
		struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, cases[i].program);
		int err = kview_attach_program(view, prog, NULL, NULL);

		if (kview_mode(view) == KVIEW_MODE_VIEW)
			test_refused(view, err, -EOPNOTSUPP, cases[i].reason);
		else
			EXPECT(!err, "%s", kview_reason(view));
		ordinary_refused__destroy(skel);
	}
}

static pid_t zombie(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	return pid;
}

static void refuse_members(struct kview *view)
{
	pid_t dead = zombie();
	struct worker worker;
	int pidfd;

	worker_start(&worker, 1);
	pidfd = syscall(SYS_pidfd_open, worker.pid, 0);
	EXPECT(!kview_add_pidfd(view, pidfd), "%s", kview_reason(view));
	test_refused(view, kview_add_pid(view, worker.pid), -EEXIST, "a member already");
	test_refused(view, kview_add_pidfd(view, pidfd), -EEXIST, "a member already");
	EXPECT(!kview_remove_pid(view, worker.pid), "%s", kview_reason(view));
	test_refused(view, kview_remove_pid(view, worker.pid), -ENOENT, "not a member");
	worker_end(&worker);
	test_refused(view, kview_add_pidfd(view, pidfd), -ESRCH, "pidfd");
	close(pidfd);
	test_refused(view, kview_add_pidfd(view, pidfd), -EBADF, "pidfd");
	test_refused(view, kview_add_pid(view, 0), -ESRCH, "pid 0: there is no such process");
	test_refused(view, kview_add_pid(view, -5), -ESRCH, "pid -5: there is no such process");
	test_refused(view, kview_add_pid(view, 4194303), -ESRCH, "pid 4194303: there is no such process");
	test_refused(view, kview_add_pid(view, 2), -EINVAL, "pid 2: this is a kernel thread");
	test_refused(view, kview_add_pid(view, dead), -ESRCH, "the process is exiting");
	waitpid(dead, NULL, 0);
}

static void refuses(enum kview_mode mode)
{
	struct kview *view = test_open(mode);

	libbpf_set_print(NULL);
	refuse_programs(view);
	refuse_object(view);
	refuse_entries(view);
	refuse_tracing(view);
	refuse_members(view);
	refuse_in_view(view);
	kview_close(view);
}

int main(void)
{
	return test_modes(refuses);
}
