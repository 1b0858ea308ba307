// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --pti
// timeout: 240
/* The module cannot be unloaded while it is used, goes away when it is not, and leaves the kernel as it found it. */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "cgroups.h"
#include "modules.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define TRACING "/sys/kernel/tracing/"

static int cgroup_fd;

static void unload(void)
{
	int err = module_unload("kview");

	if (err)
		FAIL("unload: %s", strerror(-err));
	CHECK(!kv_loaded());
}

static void load(void)
{
	int err = module_load(module_path("kmod", "kview"));

	if (err)
		FAIL("load: %s", strerror(-err));
	WAIT_FOR(kv_loaded());
}

/* What a case that failed half-way took away. */
static void undo(void)
{
	test_write(TRACING "current_tracer", "nop");
	cgroup_undo();
	if (!kv_loaded())
		load();
}

/* Each kind of descriptor holds the module. */
static void in_use(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view, link;

	kv_device();
	CHECK_EQUAL(module_unload("kview"), -EWOULDBLOCK);
	view = kv_view();
	kv_device_close();
	CHECK_EQUAL(module_unload("kview"), -EWOULDBLOCK);
	link = kv_entry(view, counter.prog, FUNCTION);
	close(view);
	CHECK_EQUAL(module_unload("kview"), -EWOULDBLOCK);
	close(link);
	unload();
	load();
}

/* With its last user gone a moment ago, trampolines still wait to be freed: unloading waits for them. */
static void right_after_use(void)
{
	struct subject member = subject_new(2);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);

	subject_start(&member);
	for (int i = 0; i < 2; i++) {
		int view = kv_view(), link;

		kv_device_close();
		kv_member(view, member.pid);
		link = kv_entry(view, counter.prog, FUNCTION);
		usleep(20000);
		close(link);
		close(view);
		unload();
		load();
	}
	subject_stop(&member);
	CHECK(*counter.value);
}

/* Comes back when its child has ended. */
static _Noreturn void vfork_into(int cgroup, int view)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP | CLONE_VFORK, .exit_signal = SIGCHLD, .cgroup = cgroup };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(view);
	kv_device_close();
	if (!syscall(SYS_clone3, &args, sizeof(args)))
		sleep(100);
	_exit(0);
}

static bool is_populated(void)
{
	char line[64] = "";
	int fd = openat(cgroup_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && read(fd, line, sizeof(line)) >= 0);
	close(fd);
	return *line;
}

/* Who clones into a cgroup of a view is watched until clone3() returns: nobody waits for that with half a module. */
static void clone_that_waits(void)
{
	int view = kv_view();
	pid_t parent;

	cgroup_fd = cgroup_new("unload");
	kv_cgroup(view, cgroup_fd);
	parent = CHECK_CALL(fork());
	if (!parent)
		vfork_into(cgroup_fd, view);
	WAIT_FOR(is_populated());
	close(view);
	kv_device_close();
	CHECK_EQUAL(module_unload("kview"), -EWOULDBLOCK);
	CHECK_CALL(kill(parent, SIGKILL));
	test_wait(parent);
	WAIT_FOR(!module_unload("kview"));
	load();
}

/* Who was a member goes on as if nothing had been. */
static void former_members(void)
{
	struct subject members[3];
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link;
	uint64_t before;

	kv_device_close();
	link = kv_entry(view, counter.prog, FUNCTION);
	for (int i = 0; i < 3; i++) {
		members[i] = subject_new(1);
		kv_member(view, members[i].pid);
		subject_start(&members[i]);
	}
	WAIT_FOR(*counter.value > 100);
	close(link);
	close(view);
	unload();
	before = *counter.value;
	for (int i = 0; i < 3; i++) {
		subject_stop(&members[i]);
		subject_call(&members[i], 100);
	}
	CHECK_EQUAL(*counter.value, before);
	load();
	view = kv_view();
	kv_entry(view, counter.prog, FUNCTION);
	for (int i = 0; i < 3; i++) {
		kv_member(view, members[i].pid);
		subject_call(&members[i], 100);
		subject_end(&members[i]);
	}
	CHECK_EQUAL(*counter.value, before + 300);
}

static void switch_tracer(void *unused)
{
	(void)unused;
	for (;;) {
		test_write(TRACING "current_tracer", "function");
		test_write(TRACING "current_tracer", "nop");
	}
}

/* Others rewrite kernel text while the module comes and goes with all it hangs on that. */
static void under_patching(void)
{
	struct subject member = subject_new(1), tracer = subject_new(0);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);

	test_set(TRACING "set_ftrace_filter", "*sys_getppid");
	subject_start(&member);
	subject_begin(&tracer, switch_tracer, NULL);
	for (int i = 0; i < 2; i++) {
		int view = kv_view(), link;

		kv_device_close();
		kv_member(view, member.pid);
		link = kv_entry(view, counter.prog, FUNCTION);
		usleep(20000);
		close(link);
		close(view);
		unload();
		load();
	}
	subject_end(&tracer);
	subject_stop(&member);
	test_set(TRACING "set_ftrace_filter", " ");
}

/* The kernel's own tracers work as before when the module is gone. */
static void ftrace_works_afterwards(void)
{
	struct subject caller = subject_new_calling(1, subject_read);
	struct counter counter = counter_tracing(BPF_TRACE_FENTRY, "vfs_read", caller.pid);
	int link;

	unload();
	CHECK_EQUAL(test_read_number("/proc/sys/kernel/ftrace_enabled"), 1);
	link = tracing_attach(counter.prog);
	subject_call(&caller, 100);
	CHECK_EQUAL(*counter.value, 100);
	close(link);
	/* ftrace can be switched off only without the module, which depends on it; then the module does not load. */
	test_set("/proc/sys/kernel/ftrace_enabled", "0");
	test_set("/proc/sys/kernel/ftrace_enabled", "1");
	load();
	CHECK(test_write("/proc/sys/kernel/ftrace_enabled", "0") < 0);
	CHECK_EQUAL(test_read_number("/proc/sys/kernel/ftrace_enabled"), 1);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(in_use),	   TEST_CASE(right_after_use),	       TEST_CASE(clone_that_waits), TEST_CASE(former_members),
		TEST_CASE(under_patching), TEST_CASE(ftrace_works_afterwards),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
