// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 180
/* Who can be a member, who is refused and why, and what the end of a member leaves: nothing. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 100

static void expect_refused(int err, int want, __u32 reason)
{
	if (err != want || kv_reason != reason)
		FAIL("%s, %s; not %s, %s", strerror(-err), kv_reason_name(kv_reason), strerror(-want),
		     kv_reason_name(reason));
}

static int open_pidfd(pid_t pid)
{
	return CHECK_CALL(syscall(SYS_pidfd_open, pid, 0));
}

/* A child that has exited and waits to be reaped. */
static pid_t make_zombie(void)
{
	pid_t pid = CHECK_CALL(fork());

	if (!pid)
		_exit(0);
	CHECK_CALL(waitid(P_PID, pid, &(siginfo_t){}, WEXITED | WNOWAIT));
	return pid;
}

static void no_such_process(void)
{
	int view = kv_view(), pidfd;
	pid_t pid = make_zombie();

	pidfd = open_pidfd(pid);
	test_wait(pid);
	expect_refused(kv_try_member(view, pid), -ESRCH, KVIEW_WHY_NO_PROCESS);
	expect_refused(kv_try_member_remove(view, pid), -ESRCH, KVIEW_WHY_NO_PROCESS);
	expect_refused(kv_try_member_pidfd(view, pidfd), -ESRCH, KVIEW_WHY_NO_PROCESS);
	expect_refused(kv_try_member(view, 0x7fffffff), -ESRCH, KVIEW_WHY_NO_PROCESS);
}

static void zombie(void)
{
	int view = kv_view();
	pid_t pid = make_zombie();

	expect_refused(kv_try_member(view, pid), -ESRCH, KVIEW_WHY_EXITING);
	expect_refused(kv_try_member_pidfd(view, open_pidfd(pid)), -ESRCH, KVIEW_WHY_EXITING);
	test_wait(pid);
}

static void kernel_thread(void)
{
	int view = kv_view();

	expect_refused(kv_try_member(view, 2), -EINVAL, KVIEW_WHY_KERNEL_THREAD);
	expect_refused(kv_try_member_remove(view, 2), -EINVAL, KVIEW_WHY_KERNEL_THREAD);
}

static void *wait_for_end(void *tid)
{
	*(volatile pid_t *)tid = syscall(SYS_gettid);
	pause();
	return NULL;
}

/* A thread is no process, unless it is the first. */
static void thread_id(void)
{
	volatile pid_t tid = 0;
	pthread_t thread;
	int view = kv_view();

	CHECK(!pthread_create(&thread, NULL, wait_for_end, (void *)&tid));
	WAIT_FOR(tid);
	expect_refused(kv_try_member(view, tid), -ESRCH, KVIEW_WHY_NO_PROCESS);
}

static void no_pidfd(void)
{
	int view = kv_view();

	expect_refused(kv_try_member_pidfd(view, 0), -EBADF, KVIEW_WHY_NONE);
	expect_refused(kv_try_member_pidfd(view, 999), -EBADF, KVIEW_WHY_NONE);
	expect_refused(kv_try_member_pidfd(view, view), -EBADF, KVIEW_WHY_NONE);
}

static void by_pidfd(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_entry(view, counter.prog, FUNCTION);
	CHECK_EQUAL(kv_try_member_pidfd(view, open_pidfd(member.pid)), 0);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
}

static void twice(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_entry(view, counter.prog, FUNCTION);
	expect_refused(kv_try_member_remove(view, member.pid), -ENOENT, KVIEW_WHY_NOT_MEMBER);
	kv_member(view, member.pid);
	expect_refused(kv_try_member(view, member.pid), -EEXIST, KVIEW_WHY_ALREADY_MEMBER);
	expect_refused(kv_try_member_pidfd(view, open_pidfd(member.pid)), -EEXIST, KVIEW_WHY_ALREADY_MEMBER);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK_EQUAL(kv_try_member_remove(view, member.pid), 0);
	expect_refused(kv_try_member_remove(view, member.pid), -ENOENT, KVIEW_WHY_NOT_MEMBER);
	kv_member(view, member.pid);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 2 * CALLS);
}

/* Processes that end at the moment they are added. */
static void gone_while_added(void)
{
	int view = kv_view(), added = 0, refused = 0;
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);

	kv_entry(view, counter.prog, FUNCTION);
	for (int i = 0; i < 300; i++) {
		pid_t pid = CHECK_CALL(fork());
		int err;

		if (!pid) {
			for (int spin = i % 50 * 100; spin > 0; spin--)
				syscall(SYS_getppid);
			_exit(0);
		}
		usleep(i % 7 * 300);
		err = kv_try_member(view, pid);
		added += !err;
		refused += err == -ESRCH && kv_reason == KVIEW_WHY_EXITING;
		test_wait(pid);
	}
	test_note("%d added, %d refused", added, refused);
	CHECK_EQUAL(added + refused, 300);
	CHECK_EQUAL(kv_view_info(view).members, 0);
	CHECK_EQUAL(kv_view_info(view).text_pages, 0);
}

/* The member ends and all that was made for it goes, though the view is still there. */
static void end_of_member(void)
{
	struct subject member = subject_new(4), other = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();
	struct kview_info info;

	kv_entry(view, counter.prog, FUNCTION);
	kv_member(view, member.pid);
	subject_start(&member);
	WAIT_FOR(*counter.value > 100);
	kv_info(&info);
	CHECK_EQUAL(info.members, 1);
	CHECK_EQUAL(info.images, 1);
	subject_end(&member);
	kv_info(&info);
	CHECK_EQUAL(info.views, 1);
	CHECK_EQUAL(info.links, 1);
	CHECK_EQUAL(info.members, 0);
	CHECK_EQUAL(info.images, 0);
	CHECK_EQUAL(info.text_pages, 0);
	CHECK_EQUAL(info.shared_leaves, 0);

	/* And the view serves the next one. */
	*counter.value = 0;
	kv_member(view, other.pid);
	subject_call(&other, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
}

#define MANY 40

static void many_members(void)
{
	struct subject members[MANY];
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();
	uint32_t pages;

	kv_entry(view, counter.prog, FUNCTION);
	for (int i = 0; i < MANY; i++) {
		members[i] = subject_new(1);
		kv_member(view, members[i].pid);
		if (!i)
			pages = kv_view_info(view).text_pages;
	}
	CHECK_EQUAL(kv_view_info(view).members, MANY);
	CHECK_EQUAL(kv_view_info(view).text_pages, pages);
	for (int i = 0; i < MANY; i++)
		subject_call(&members[i], 10);
	CHECK_EQUAL(*counter.value, MANY * 10);
	for (int i = 0; i < MANY; i++)
		kill(members[i].pid, SIGKILL);
	for (int i = 0; i < MANY; i++)
		test_wait(members[i].pid);
	CHECK_EQUAL(kv_view_info(view).members, 0);
	CHECK_EQUAL(kv_view_info(view).text_pages, 0);
}

static void *call_for_leader(void *to_main)
{
	char byte;

	while (read(((int *)to_main)[0], &byte, 1) == 1) {
		for (int i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		if (write(((int *)to_main)[1], "x", 1) != 1)
			break;
	}
	return NULL;
}

/* A process of two threads whose first one ends at once; the other answers each byte with CALLS calls. */
static pid_t start_without_leader(int *ret_to, int *ret_from)
{
	static int ends[2];
	int to[2], from[2];
	pthread_t thread;
	pid_t pid;

	CHECK_CALL(pipe(to));
	CHECK_CALL(pipe(from));
	pid = CHECK_CALL(fork());
	if (!pid) {
		ends[0] = to[0];
		ends[1] = from[1];
		close(to[1]);
		pthread_create(&thread, NULL, call_for_leader, ends);
		syscall(SYS_exit, 0);
	}
	*ret_to = to[1];
	*ret_from = from[0];
	return pid;
}

static char state_of(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	CHECK(file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1);
	fclose(file);
	return state;
}

static void leader_has_exited(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view, to, from;
	pid_t pid = start_without_leader(&to, &from);
	char byte;

	WAIT_FOR(state_of(pid) == 'Z');
	view = kv_view();
	kv_entry(view, counter.prog, FUNCTION);
	kv_member(view, pid);
	CHECK_EQUAL(write(to, "x", 1), 1);
	CHECK_EQUAL(read(from, &byte, 1), 1);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK_EQUAL(kv_try_member_remove(view, pid), 0);
	kv_member(view, pid);
	kill(pid, SIGKILL);
	test_wait(pid);
	CHECK_EQUAL(kv_view_info(view).members, 0);
}

/* The tool itself can be a member, of its own view, and do all it does as one. */
static void myself(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link, second;

	kv_member(view, getpid());
	link = kv_entry(view, counter.prog, FUNCTION);
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	CHECK_EQUAL(*counter.value, CALLS);
	second = kv_entry(view, counter.prog, FUNCTION);
	syscall(SYS_getppid);
	CHECK_EQUAL(*counter.value, CALLS + 2);
	close(second);
	close(link);
	syscall(SYS_getppid);
	CHECK_EQUAL(*counter.value, CALLS + 2);
	kv_entry(view, counter.prog, FUNCTION);
	CHECK_EQUAL(kv_try_member_remove(view, getpid()), 0);
	syscall(SYS_getppid);
	CHECK_EQUAL(*counter.value, CALLS + 2);
	kv_member(view, getpid());
	/* The end of the case ends a member, its tool and its view at once. */
}

static void listed(void)
{
	struct subject member = subject_new(3), other = subject_new(1);
	int view = kv_view();
	struct kview_member_info info = { .size = sizeof(info), .view = kv_view_info(view).id };

	CHECK_EQUAL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info), -1);
	CHECK_EQUAL(errno, ENOENT);
	kv_member(view, member.pid);
	kv_member(view, other.pid);
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
	CHECK_EQUAL(info.pid, member.pid);
	CHECK_EQUAL(info.threads, 4);
	CHECK(info.image);
	CHECK(!strncmp(info.comm, "members", sizeof(info.comm)));
	info.index = 1;
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
	CHECK_EQUAL(info.pid, other.pid);
	CHECK_EQUAL(info.threads, 2);
	info.index = 2;
	CHECK_EQUAL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info), -1);
	CHECK_EQUAL(errno, ENOENT);
}

/* In a pid namespace, pids are the caller's own; processes outside have none. */
static int inside_namespace(void *outsider)
{
	struct kview_member_info info = { .size = sizeof(info) };
	int view = kv_view();

	expect_refused(kv_try_member(view, *(pid_t *)outsider), -ESRCH, KVIEW_WHY_NO_PROCESS);
	CHECK_EQUAL(getpid(), 1);
	kv_member(view, 1);
	info.view = kv_view_info(view).id;
	CHECK_EQUAL(kv_view_info(view).owner, 1);
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
	CHECK_EQUAL(info.pid, 1);
	return 0;
}

static void pid_namespace(void)
{
	struct subject outsider = subject_new(1);
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = CHECK_CALL(clone(inside_namespace, stack + sizeof(stack), CLONE_NEWPID | SIGCHLD, &outsider.pid));

	CHECK_EQUAL(test_wait(pid), 0);
}

/* A view whose maker is gone has no owner; another process keeps it open. */
static void owner_is_gone(void)
{
	int keep[2], ready[2], status;
	char byte;
	pid_t maker;

	CHECK_CALL(pipe(keep));
	CHECK_CALL(pipe(ready));
	maker = CHECK_CALL(fork());
	if (!maker) {
		int view = kv_view();

		CHECK_EQUAL(kv_view_info(view).owner, getpid());
		if (fork())
			_exit(0);
		close(keep[1]);
		CHECK_EQUAL(read(keep[0], &byte, 1), 1);
		CHECK_EQUAL(kv_view_info(view).owner, 0);
		CHECK_EQUAL(write(ready[1], "x", 1), 1);
		_exit(0);
	}
	close(ready[1]);
	status = test_wait(maker);
	CHECK_EQUAL(status, 0);
	CHECK_EQUAL(write(keep[1], "x", 1), 1);
	CHECK_EQUAL(read(ready[0], &byte, 1), 1);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(no_such_process), TEST_CASE(zombie),	    TEST_CASE(kernel_thread),	  TEST_CASE(thread_id),
		TEST_CASE(no_pidfd),	    TEST_CASE(by_pidfd),    TEST_CASE(twice),		  TEST_CASE(gone_while_added),
		TEST_CASE(end_of_member),   TEST_CASE(many_members), TEST_CASE(leader_has_exited), TEST_CASE(myself),
		TEST_CASE(listed),	    TEST_CASE(pid_namespace), TEST_CASE(owner_is_gone),
	};

	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
