// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 240
/* Cgroups of a view: who is in one is a member, from when to when, and nobody else. */
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cgroups.h"
#include "forkers.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"
#include "watch.h"

#define DIRECTORY "/sys/fs/cgroup/kview-test/"

static struct subject subject_in(const char *cgroup)
{
	struct subject subject = subject_new(1);

	cgroup_move(cgroup, subject.pid);
	return subject;
}

static void call_in_subject(void *unused)
{
	(void)unused;
	forker_call();
}

/* Who is in when the cgroup is added, at any depth; who is beside it, or above, is not. */
static void subtree(void)
{
	struct subject first, second, deep, beside, above;
	int fd = cgroup_new("a");

	cgroup_new("a/b");
	cgroup_new("a/b/c");
	cgroup_new("ab");
	first = subject_in("a");
	second = subject_in("a/b");
	deep = subject_in("a/b/c");
	beside = subject_in("ab");
	above = subject_new(1);
	watch_new();
	kv_cgroup(watch.view, fd);
	CHECK_EQUAL(watch_members(), 3);
	CHECK_EQUAL(kv_view_info(watch.view).joined, 3);
	CHECK_EQUAL(kv_view_info(watch.view).cgroups, 1);
	subject_call(&first, FORKER_CALLS);
	watch_expect(FORKER_CALLS);
	subject_call(&second, FORKER_CALLS);
	subject_call(&deep, FORKER_CALLS);
	watch_expect(2 * FORKER_CALLS);
	subject_call(&beside, FORKER_CALLS);
	subject_call(&above, FORKER_CALLS);
	watch_expect(0);
	CHECK_EQUAL(kv_try_cgroup_remove(watch.view, fd), 0);
	CHECK_EQUAL(watch_members(), 0);
	CHECK_EQUAL(kv_view_info(watch.view).text_pages, 0);
	subject_call(&first, FORKER_CALLS);
	watch_expect(0);
}

static void listed(void)
{
	struct kview_cgroup_info info = { .size = sizeof(info) };
	struct kview_member_info member = { .size = sizeof(member) };
	int fd = cgroup_new("a"), second = cgroup_new("b");
	struct subject subject = subject_in("b");

	watch_new();
	info.view = member.view = kv_view_info(watch.view).id;
	CHECK_EQUAL(ioctl(kv_device(), KVIEW_IOC_CGROUP_INFO, &info), -1);
	CHECK_EQUAL(errno, ENOENT);
	kv_cgroup(watch.view, fd);
	kv_cgroup(watch.view, second);
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_CGROUP_INFO, &info));
	CHECK(!strcmp(info.path, "/kview-test/a"));
	CHECK(info.id);
	info.index = 1;
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_CGROUP_INFO, &info));
	CHECK(!strcmp(info.path, "/kview-test/b"));
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &member));
	CHECK_EQUAL(member.pid, subject.pid);
	CHECK_EQUAL(member.flags, KVIEW_MEMBER_CGROUP);
	info.index = 2;
	CHECK_EQUAL(ioctl(kv_device(), KVIEW_IOC_CGROUP_INFO, &info), -1);
}

static void refused(void)
{
	int fd = cgroup_new("a"), null = CHECK_CALL(open("/dev/null", O_RDONLY)), dir = CHECK_CALL(open("/", O_RDONLY));

	watch_new();
	CHECK_EQUAL(kv_try_cgroup(watch.view, -1), -EBADF);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_NO_CGROUP);
	CHECK_EQUAL(kv_try_cgroup(watch.view, null), -EBADF);
	CHECK_EQUAL(kv_try_cgroup(watch.view, dir), -EBADF);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_NO_CGROUP);
	CHECK_EQUAL(kv_try_cgroup_remove(watch.view, fd), -ENOENT);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_NOT_MEMBER);
	kv_cgroup(watch.view, fd);
	CHECK_EQUAL(kv_try_cgroup(watch.view, fd), -EEXIST);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_ALREADY_MEMBER);
	CHECK_EQUAL(kv_try_cgroup_remove(watch.view, null), -EBADF);
}

/* Whoever is moved in or out is a member, or none, when the write has returned. */
static void moves(void)
{
	struct subject subject = subject_new(2);
	int fd = cgroup_new("a");

	cgroup_new("a/b");
	cgroup_new("c");
	watch_new();
	kv_cgroup(watch.view, fd);
	CHECK_EQUAL(watch_members(), 0);
	for (int i = 0; i < 10; i++) {
		cgroup_move("a", subject.pid);
		subject_call(&subject, FORKER_CALLS);
		watch_expect(2 * FORKER_CALLS);
		cgroup_move("a/b", subject.pid);
		subject_call(&subject, FORKER_CALLS);
		watch_expect(2 * FORKER_CALLS);
		cgroup_move(i % 2 ? "c" : "", subject.pid);
		subject_call(&subject, FORKER_CALLS);
		watch_expect(0);
		CHECK_EQUAL(watch_members(), 0);
	}
	CHECK_EQUAL(kv_view_info(watch.view).joined, 10);
}

/* Who is a member for another reason, too, stays one. */
static void added_too(void)
{
	struct subject subject = subject_new(1);
	int fd = cgroup_new("a");

	watch_new();
	kv_member(watch.view, subject.pid);
	kv_cgroup(watch.view, fd);
	cgroup_move("a", subject.pid);
	CHECK_EQUAL(watch_members(), 1);
	cgroup_move("", subject.pid);
	subject_call(&subject, FORKER_CALLS);
	watch_expect(FORKER_CALLS);
	cgroup_move("a", subject.pid);
	CHECK_EQUAL(kv_try_member_remove(watch.view, subject.pid), 0);
	subject_call(&subject, FORKER_CALLS);
	watch_expect(FORKER_CALLS);
	CHECK_EQUAL(kv_try_member_remove(watch.view, subject.pid), -ENOENT);
	kv_member(watch.view, subject.pid);
	CHECK_EQUAL(kv_try_cgroup_remove(watch.view, fd), 0);
	subject_call(&subject, FORKER_CALLS);
	watch_expect(FORKER_CALLS);
	CHECK_EQUAL(kv_try_member_remove(watch.view, subject.pid), 0);
	CHECK_EQUAL(watch_members(), 0);
	/* It has never been none. */
	CHECK_EQUAL(kv_view_info(watch.view).joined, 1);
}

static void fork_and_exec(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid) {
			forker_call();
			if (!fork())
				test_exec_caller(FORKER_CALLS);
			wait(NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static void forks_inside(void)
{
	struct subject subject = subject_new(1);
	int fd = cgroup_new("a");

	watch_new();
	kv_cgroup(watch.view, fd);
	cgroup_move("a", subject.pid);
	subject_do(&subject, fork_and_exec, NULL);
	watch_expect(20 * FORKER_CALLS);
	cgroup_move("", subject.pid);
	subject_do(&subject, fork_and_exec, NULL);
	watch_expect(0);
	CHECK_EQUAL(kv_view_info(watch.view).joined, 21);
}

struct clone_request {
	const char *directory;
	__u64 flags;
};

static void clone_into(void *argument)
{
	const struct clone_request *request = argument;
	struct clone_args args = { .flags = CLONE_INTO_CGROUP | request->flags, .exit_signal = SIGCHLD,
				   .cgroup = CHECK_CALL(open(request->directory, O_RDONLY | O_CLOEXEC)) };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid) {
		forker_call();
		test_exec_caller(FORKER_CALLS);
	}
	if (pid < 0)
		FAIL("clone3: %s", strerror(errno));
	waitpid(pid, NULL, 0);
}

/* clone3() into the cgroup, from outside: seen from the first instruction; out of it: not seen at all. */
static void clones(void)
{
	struct clone_request into = { .directory = DIRECTORY "a" }, out = { .directory = DIRECTORY "b" };
	struct subject outsider = subject_new(1), insider = subject_new(1);
	int fd = cgroup_new("a");

	cgroup_new("b");
	watch_new();
	kv_cgroup(watch.view, fd);
	subject_do(&outsider, clone_into, &into);
	watch_expect(2 * FORKER_CALLS);
	subject_call(&outsider, FORKER_CALLS);
	watch_expect(0);
	CHECK_EQUAL(watch_members(), 0);
	cgroup_move("a", insider.pid);
	subject_do(&insider, clone_into, &out);
	watch_expect(0);
	subject_do(&insider, clone_into, &into);
	watch_expect(2 * FORKER_CALLS);
	subject_call(&insider, FORKER_CALLS);
	watch_expect(FORKER_CALLS);
	CHECK_EQUAL(kv_view_info(watch.view).joined, 3);
}

/* posix_spawn() of a newer C library does it like this: the child borrows the address space until its exec. */
static void clone_vfork(void)
{
	struct clone_request into = { .directory = DIRECTORY "a", .flags = CLONE_VFORK };
	struct subject outsider = subject_new(1);
	int fd = cgroup_new("a");

	watch_new();
	kv_cgroup(watch.view, fd);
	subject_do(&outsider, clone_into, &into);
	watch_expect(2 * FORKER_CALLS);
	subject_call(&outsider, FORKER_CALLS);
	watch_expect(0);
	CHECK_EQUAL(watch_members(), 0);
}

static void clone_on(void *argument)
{
	for (;;)
		clone_into(argument);
}

/* Who lists cgroups asks the kernel for their paths, while clone3() holds the kernel's lock of all cgroups. */
static void listed_while_cloned(void)
{
	struct clone_request into = { .directory = DIRECTORY "a" };
	struct kview_cgroup_info info = { .size = sizeof(info) };
	struct subject cloners[2];
	int fd = cgroup_new("a");
	uint64_t before;

	watch_new();
	kv_cgroup(watch.view, fd);
	info.view = kv_view_info(watch.view).id;
	for (int i = 0; i < 2; i++) {
		cloners[i] = subject_new(1);
		subject_begin(&cloners[i], clone_on, &into);
	}
	before = *watch.counter.value;
	while (*watch.counter.value < before + 20 * FORKER_CALLS)
		CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_CGROUP_INFO, &info));
	for (int i = 0; i < 2; i++)
		subject_end(&cloners[i]);
	CHECK(!strcmp(info.path, "/kview-test/a"));
}

static void vfork_and_enter(void *unused)
{
	pid_t pid = vfork();

	(void)unused;
	if (!pid) {
		cgroup_try_write("a", "cgroup.procs", "0");
		test_exec_caller(FORKER_CALLS);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void vfork_and_end(void *unused)
{
	pid_t pid = vfork();

	(void)unused;
	if (!pid) {
		cgroup_try_write("a", "cgroup.procs", "0");
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* A vfork child puts itself in: its parent, whose address space it uses, is let go when the child has its own. */
static void vfork_child_enters(void)
{
	struct subject outsider = subject_new(1);
	int fd = cgroup_new("a");

	watch_new();
	kv_cgroup(watch.view, fd);
	subject_do(&outsider, vfork_and_enter, NULL);
	watch_expect(FORKER_CALLS);
	CHECK_EQUAL(watch_members(), 0);
	subject_do(&outsider, vfork_and_end, NULL);
	CHECK_EQUAL(watch_members(), 0);
	subject_call(&outsider, FORKER_CALLS);
	watch_expect(0);
}

static pid_t thread_id;

static void *call_in_thread(void *unused)
{
	thread_id = syscall(SYS_gettid);
	for (;;) {
		syscall(SYS_getppid);
		usleep(1000);
	}
	return unused;
}

/* Threads of one process in several threaded cgroups: the first thread's counts, for all of them. */
static void threaded(void)
{
	pid_t *tid = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), pid;
	int fd = cgroup_new("a"), inner;
	pthread_t thread;
	char text[16];

	pid = CHECK_CALL(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, call_in_thread, NULL);
		while (!*(volatile pid_t *)&thread_id)
			usleep(1000);
		*tid = thread_id;
		pause();
	}
	WAIT_FOR(*(volatile pid_t *)tid);
	inner = cgroup_new("a/t");
	CHECK_EQUAL(cgroup_try_write("a/t", "cgroup.type", "threaded"), 0);
	cgroup_move("a", pid);
	snprintf(text, sizeof(text), "%d", *tid);
	CHECK_EQUAL(cgroup_try_write("a/t", "cgroup.threads", text), 0);
	watch_new();
	kv_cgroup(watch.view, inner);
	CHECK_EQUAL(watch_members(), 0);
	kv_cgroup(watch.view, fd);
	CHECK_EQUAL(watch_members(), 1);
	WAIT_FOR(*watch.counter.value > FORKER_CALLS);
	CHECK_EQUAL(kv_try_cgroup_remove(watch.view, fd), 0);
	CHECK_EQUAL(watch_members(), 0);
	snprintf(text, sizeof(text), "%d", pid);
	CHECK_EQUAL(cgroup_try_write("a/t", "cgroup.threads", text), 0);
	CHECK_EQUAL(watch_members(), 1);
}

/* The directory is removed, and with it the reason to watch. */
static void removed(void)
{
	struct subject subject = subject_new(1);
	int fd = cgroup_new("a"), other = cgroup_new("b");

	watch_new();
	kv_cgroup(watch.view, fd);
	kv_cgroup(watch.view, other);
	cgroup_move("a", subject.pid);
	CHECK_EQUAL(cgroup_remove("a"), -EBUSY);
	cgroup_move("", subject.pid);
	CHECK_EQUAL(cgroup_remove("a"), 0);
	CHECK_EQUAL(kv_view_info(watch.view).cgroups, 1);
	CHECK(kv_try_cgroup(watch.view, fd) < 0 || kv_view_info(watch.view).cgroups == 1);
	close(fd);
	/* One of the same name is another one. */
	fd = cgroup_new("a");
	cgroup_move("a", subject.pid);
	subject_call(&subject, FORKER_CALLS);
	watch_expect(0);
	kv_cgroup(watch.view, fd);
	subject_call(&subject, FORKER_CALLS);
	watch_expect(FORKER_CALLS);
}

/* Each program runs once per event, for exactly the members of its own views. */
static void overlapping_views(void)
{
	struct counter inner_counter = counter_new(BPF_PROG_TYPE_KPROBE), pid_counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int outer_fd = cgroup_new("a"), inner_fd = cgroup_new("a/b"), inner = kv_view(), by_pid = kv_view();
	struct subject outside, top, below;

	outside = subject_new(1);
	top = subject_in("a");
	below = subject_in("a/b");
	watch_new();
	kv_entry(inner, inner_counter.prog, WATCH_FUNCTION);
	kv_entry(by_pid, pid_counter.prog, WATCH_FUNCTION);
	kv_cgroup(watch.view, outer_fd);
	kv_cgroup(inner, inner_fd);
	kv_follow(by_pid, below.pid);
	kv_member(by_pid, outside.pid);
	CHECK_EQUAL(kv_view_info(watch.view).members, 2);
	CHECK_EQUAL(kv_view_info(inner).members, 1);
	subject_do(&outside, call_in_subject, NULL);
	subject_do(&top, call_in_subject, NULL);
	subject_do(&below, call_in_subject, NULL);
	watch_expect(2 * FORKER_CALLS);
	CHECK_EQUAL(*inner_counter.value, FORKER_CALLS);
	CHECK_EQUAL(*pid_counter.value, 2 * FORKER_CALLS);
	subject_do(&below, fork_and_exec, NULL);
	watch_expect(20 * FORKER_CALLS);
	CHECK_EQUAL(*inner_counter.value, 21 * FORKER_CALLS);
	CHECK_EQUAL(*pid_counter.value, 22 * FORKER_CALLS);
	/* One level up: out of the inner view, still in the others. */
	cgroup_move("a", below.pid);
	subject_do(&below, call_in_subject, NULL);
	watch_expect(FORKER_CALLS);
	CHECK_EQUAL(*inner_counter.value, 21 * FORKER_CALLS);
	CHECK_EQUAL(*pid_counter.value, 23 * FORKER_CALLS);
	close(by_pid);
	subject_do(&below, call_in_subject, NULL);
	watch_expect(FORKER_CALLS);
	CHECK_EQUAL(*pid_counter.value, 23 * FORKER_CALLS);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(subtree), TEST_CASE(listed), TEST_CASE(refused), TEST_CASE(moves), TEST_CASE(added_too),
		TEST_CASE(forks_inside), TEST_CASE(clones), TEST_CASE(clone_vfork), TEST_CASE(listed_while_cloned),
		TEST_CASE(vfork_child_enters), TEST_CASE(threaded), TEST_CASE(removed), TEST_CASE(overlapping_views),
	};

	test_undo = cgroup_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
