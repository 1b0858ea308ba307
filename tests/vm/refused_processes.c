// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/* Processes that cannot become members, or are none: the errno, the reason, and that nothing is half done. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scene.h"

/* Both calls about a member refuse @pid. */
static void refuse_process(pid_t pid, int err, __u32 why)
{
	struct scene_state before = scene_state();

	expect_reason("add", kv_try_member(scene.view, pid), err, why);
	expect_reason("remove", kv_try_member_remove(scene.view, pid), err, why);
	scene_expect_same(&before, "process refused");
}

static pid_t zombie(void)
{
	pid_t pid = CHECK_CALL(fork());
	siginfo_t info;

	if (!pid)
		_exit(0);
	CHECK_CALL(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	return pid;
}

static void no_process(void)
{
	pid_t pid = zombie();
	int pidfd = CHECK_CALL(syscall(SYS_pidfd_open, pid, 0));

	scene_new();
	test_wait(pid);
	refuse_process(pid, ESRCH, KVIEW_WHY_NO_PROCESS);
	refuse_process(0x7fffffff, ESRCH, KVIEW_WHY_NO_PROCESS);
	expect_reason("pidfd", kv_try_member_pidfd(scene.view, pidfd), ESRCH, KVIEW_WHY_NO_PROCESS);
}

static void *report_tid(void *tid)
{
	*(volatile pid_t *)tid = gettid();
	pause();
	return NULL;
}

/* A thread that is not its group's first one has an id, too, but not a process's. */
static void thread_is_no_process(void)
{
	volatile pid_t tid = 0;
	pthread_t thread;

	scene_new();
	CHECK(!pthread_create(&thread, NULL, report_tid, (void *)&tid));
	WAIT_FOR(tid);
	refuse_process(tid, ESRCH, KVIEW_WHY_NO_PROCESS);
}

static void kernel_thread(void)
{
	scene_new();
	refuse_process(2, EINVAL, KVIEW_WHY_KERNEL_THREAD);
}

static void exiting(void)
{
	pid_t pid = zombie();
	int pidfd = CHECK_CALL(syscall(SYS_pidfd_open, pid, 0));

	scene_new();
	refuse_process(pid, ESRCH, KVIEW_WHY_EXITING);
	expect_reason("pidfd", kv_try_member_pidfd(scene.view, pidfd), ESRCH, KVIEW_WHY_EXITING);
	test_wait(pid);
}

static int sleep_on(void *unused)
{
	(void)unused;
	pause();
	return 0;
}

/* Membership is that of the address space, by whatever process it is named. */
static void already_member(void)
{
	static char stack[65536];
	int pidfd;
	pid_t pid;

	scene_new();
	expect_reason("pid", kv_try_member(scene.view, scene.member.pid), EEXIST, KVIEW_WHY_ALREADY_MEMBER);
	pidfd = CHECK_CALL(syscall(SYS_pidfd_open, scene.member.pid, 0));
	expect_reason("pidfd", kv_try_member_pidfd(scene.view, pidfd), EEXIST, KVIEW_WHY_ALREADY_MEMBER);

	kv_member(scene.view, getpid());
	pid = CHECK_CALL(clone(sleep_on, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	expect_reason("shared", kv_try_member(scene.view, pid), EEXIST, KVIEW_WHY_ALREADY_MEMBER);
	CHECK_EQUAL(kv_view_info(scene.view).members, 2);
	kill(pid, SIGKILL);
	test_wait(pid);
	CHECK_EQUAL(kv_view_info(scene.view).members, 2);
}

static void not_member(void)
{
	int view;

	scene_new();
	expect_reason("outsider", kv_try_member_remove(scene.view, scene.outsider.pid), ENOENT, KVIEW_WHY_NOT_MEMBER);
	view = kv_view();
	expect_reason("other view", kv_try_member_remove(view, scene.member.pid), ENOENT, KVIEW_WHY_NOT_MEMBER);
	CHECK_EQUAL(kv_view_info(scene.view).members, 1);
}

static const struct test_case cases[] = {
	TEST_CASE(no_process), TEST_CASE(thread_is_no_process), TEST_CASE(kernel_thread), TEST_CASE(exiting),
	TEST_CASE(already_member), TEST_CASE(not_member),
};

int main(int argc, char **argv)
{
	test_undo = scene_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
