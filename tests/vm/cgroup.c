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
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 20
#define DIRECTORY "/sys/fs/cgroup/kview-test/"

static int view, link_fd;
static struct counter counter;

static void set_up(void)
{
	counter = counter_new(BPF_PROG_TYPE_KPROBE);
	view = kv_view();
	link_fd = kv_entry(view, counter.prog, FUNCTION);
}

/* So many calls were counted since the last time. */
static void expect(uint64_t calls)
{
	CHECK_EQUAL(*counter.value, calls);
	*counter.value = 0;
}

static __u32 members(void)
{
	return kv_view_info(view).members;
}

static struct subject subject_in(const char *cgroup)
{
	struct subject subject = subject_new(1);

	cgroup_move(cgroup, subject.pid);
	return subject;
}

static void call(void)
{
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

static void call_in_subject(void *unused)
{
	(void)unused;
	call();
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
	set_up();
	kv_cgroup(view, fd);
	CHECK_EQUAL(members(), 3);
	CHECK_EQUAL(kv_view_info(view).joined, 3);
	CHECK_EQUAL(kv_view_info(view).cgroups, 1);
	subject_call(&first, CALLS);
	expect(CALLS);
	subject_call(&second, CALLS);
	subject_call(&deep, CALLS);
	expect(2 * CALLS);
	subject_call(&beside, CALLS);
	subject_call(&above, CALLS);
	expect(0);
	CHECK_EQUAL(kv_try_cgroup_remove(view, fd), 0);
	CHECK_EQUAL(members(), 0);
	CHECK_EQUAL(kv_view_info(view).text_pages, 0);
	subject_call(&first, CALLS);
	expect(0);
}

static void listed(void)
{
	struct kview_cgroup_info info = { .size = sizeof(info) };
	struct kview_member_info member = { .size = sizeof(member) };
	int fd = cgroup_new("a"), second = cgroup_new("b");
	struct subject subject = subject_in("b");

	set_up();
	info.view = member.view = kv_view_info(view).id;
	CHECK_EQUAL(ioctl(kv_device(), KVIEW_IOC_CGROUP_INFO, &info), -1);
	CHECK_EQUAL(errno, ENOENT);
	kv_cgroup(view, fd);
	kv_cgroup(view, second);
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

	set_up();
	CHECK_EQUAL(kv_try_cgroup(view, -1), -EBADF);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_NO_CGROUP);
	CHECK_EQUAL(kv_try_cgroup(view, null), -EBADF);
	CHECK_EQUAL(kv_try_cgroup(view, dir), -EBADF);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_NO_CGROUP);
	CHECK_EQUAL(kv_try_cgroup_remove(view, fd), -ENOENT);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_NOT_MEMBER);
	kv_cgroup(view, fd);
	CHECK_EQUAL(kv_try_cgroup(view, fd), -EEXIST);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_ALREADY_MEMBER);
	CHECK_EQUAL(kv_try_cgroup_remove(view, null), -EBADF);
}

/* Whoever is moved in or out is a member, or none, when the write has returned. */
static void moves(void)
{
	struct subject subject = subject_new(2);
	int fd = cgroup_new("a");

	cgroup_new("a/b");
	cgroup_new("c");
	set_up();
	kv_cgroup(view, fd);
	CHECK_EQUAL(members(), 0);
	for (int i = 0; i < 10; i++) {
		cgroup_move("a", subject.pid);
		subject_call(&subject, CALLS);
		expect(2 * CALLS);
		cgroup_move("a/b", subject.pid);
		subject_call(&subject, CALLS);
		expect(2 * CALLS);
		cgroup_move(i % 2 ? "c" : "", subject.pid);
		subject_call(&subject, CALLS);
		expect(0);
		CHECK_EQUAL(members(), 0);
	}
	CHECK_EQUAL(kv_view_info(view).joined, 10);
}

/* Who is a member for another reason, too, stays one. */
static void added_too(void)
{
	struct subject subject = subject_new(1);
	int fd = cgroup_new("a");

	set_up();
	kv_member(view, subject.pid);
	kv_cgroup(view, fd);
	cgroup_move("a", subject.pid);
	CHECK_EQUAL(members(), 1);
	cgroup_move("", subject.pid);
	subject_call(&subject, CALLS);
	expect(CALLS);
	cgroup_move("a", subject.pid);
	CHECK_EQUAL(kv_try_member_remove(view, subject.pid), 0);
	subject_call(&subject, CALLS);
	expect(CALLS);
	CHECK_EQUAL(kv_try_member_remove(view, subject.pid), -ENOENT);
	kv_member(view, subject.pid);
	CHECK_EQUAL(kv_try_cgroup_remove(view, fd), 0);
	subject_call(&subject, CALLS);
	expect(CALLS);
	CHECK_EQUAL(kv_try_member_remove(view, subject.pid), 0);
	CHECK_EQUAL(members(), 0);
	/* It has never been none. */
	CHECK_EQUAL(kv_view_info(view).joined, 1);
}

static void fork_and_exec(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid) {
			call();
			if (!fork())
				test_exec_caller(CALLS);
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

	set_up();
	kv_cgroup(view, fd);
	cgroup_move("a", subject.pid);
	subject_do(&subject, fork_and_exec, NULL);
	expect(20 * CALLS);
	cgroup_move("", subject.pid);
	subject_do(&subject, fork_and_exec, NULL);
	expect(0);
	CHECK_EQUAL(kv_view_info(view).joined, 21);
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
		call();
		test_exec_caller(CALLS);
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
	set_up();
	kv_cgroup(view, fd);
	subject_do(&outsider, clone_into, &into);
	expect(2 * CALLS);
	subject_call(&outsider, CALLS);
	expect(0);
	CHECK_EQUAL(members(), 0);
	cgroup_move("a", insider.pid);
	subject_do(&insider, clone_into, &out);
	expect(0);
	subject_do(&insider, clone_into, &into);
	expect(2 * CALLS);
	subject_call(&insider, CALLS);
	expect(CALLS);
	CHECK_EQUAL(kv_view_info(view).joined, 3);
}

/* posix_spawn() of a newer C library does it like this: the child borrows the address space until its exec. */
static void clone_vfork(void)
{
	struct clone_request into = { .directory = DIRECTORY "a", .flags = CLONE_VFORK };
	struct subject outsider = subject_new(1);
	int fd = cgroup_new("a");

	set_up();
	kv_cgroup(view, fd);
	subject_do(&outsider, clone_into, &into);
	expect(2 * CALLS);
	subject_call(&outsider, CALLS);
	expect(0);
	CHECK_EQUAL(members(), 0);
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

	set_up();
	kv_cgroup(view, fd);
	info.view = kv_view_info(view).id;
	for (int i = 0; i < 2; i++) {
		cloners[i] = subject_new(1);
		subject_begin(&cloners[i], clone_on, &into);
	}
	before = *counter.value;
	while (*counter.value < before + 20 * CALLS)
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
		test_exec_caller(CALLS);
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

	set_up();
	kv_cgroup(view, fd);
	subject_do(&outsider, vfork_and_enter, NULL);
	expect(CALLS);
	CHECK_EQUAL(members(), 0);
	subject_do(&outsider, vfork_and_end, NULL);
	CHECK_EQUAL(members(), 0);
	subject_call(&outsider, CALLS);
	expect(0);
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
	set_up();
	kv_cgroup(view, inner);
	CHECK_EQUAL(members(), 0);
	kv_cgroup(view, fd);
	CHECK_EQUAL(members(), 1);
	WAIT_FOR(*counter.value > CALLS);
	CHECK_EQUAL(kv_try_cgroup_remove(view, fd), 0);
	CHECK_EQUAL(members(), 0);
	snprintf(text, sizeof(text), "%d", pid);
	CHECK_EQUAL(cgroup_try_write("a/t", "cgroup.threads", text), 0);
	CHECK_EQUAL(members(), 1);
}

/* The directory is removed, and with it the reason to watch. */
static void removed(void)
{
	struct subject subject = subject_new(1);
	int fd = cgroup_new("a"), other = cgroup_new("b");

	set_up();
	kv_cgroup(view, fd);
	kv_cgroup(view, other);
	cgroup_move("a", subject.pid);
	CHECK_EQUAL(cgroup_remove("a"), -EBUSY);
	cgroup_move("", subject.pid);
	CHECK_EQUAL(cgroup_remove("a"), 0);
	CHECK_EQUAL(kv_view_info(view).cgroups, 1);
	CHECK(kv_try_cgroup(view, fd) < 0 || kv_view_info(view).cgroups == 1);
	close(fd);
	/* One of the same name is another one. */
	fd = cgroup_new("a");
	cgroup_move("a", subject.pid);
	subject_call(&subject, CALLS);
	expect(0);
	kv_cgroup(view, fd);
	subject_call(&subject, CALLS);
	expect(CALLS);
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
	set_up();
	kv_entry(inner, inner_counter.prog, FUNCTION);
	kv_entry(by_pid, pid_counter.prog, FUNCTION);
	kv_cgroup(view, outer_fd);
	kv_cgroup(inner, inner_fd);
	kv_follow(by_pid, below.pid);
	kv_member(by_pid, outside.pid);
	CHECK_EQUAL(kv_view_info(view).members, 2);
	CHECK_EQUAL(kv_view_info(inner).members, 1);
	subject_do(&outside, call_in_subject, NULL);
	subject_do(&top, call_in_subject, NULL);
	subject_do(&below, call_in_subject, NULL);
	expect(2 * CALLS);
	CHECK_EQUAL(*inner_counter.value, CALLS);
	CHECK_EQUAL(*pid_counter.value, 2 * CALLS);
	subject_do(&below, fork_and_exec, NULL);
	expect(20 * CALLS);
	CHECK_EQUAL(*inner_counter.value, 21 * CALLS);
	CHECK_EQUAL(*pid_counter.value, 22 * CALLS);
	/* One level up: out of the inner view, still in the others. */
	cgroup_move("a", below.pid);
	subject_do(&below, call_in_subject, NULL);
	expect(CALLS);
	CHECK_EQUAL(*inner_counter.value, 21 * CALLS);
	CHECK_EQUAL(*pid_counter.value, 23 * CALLS);
	close(by_pid);
	subject_do(&below, call_in_subject, NULL);
	expect(CALLS);
	CHECK_EQUAL(*pid_counter.value, 23 * CALLS);
}

/* --- many, and under load ------------------------------------------------------------------------------------------ */

struct shared {
	volatile bool stop;
	volatile uint64_t calls;
};

static struct shared *new_shared(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(shared != MAP_FAILED);
	return shared;
}

static _Noreturn void storm(struct shared *shared)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; !shared->stop; i++) {
		pid_t pid = fork();

		if (!pid) {
			call();
			if (i % 3 == 0)
				test_exec_caller(CALLS);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		__atomic_fetch_add(&shared->calls, CALLS * (1 + (i % 3 == 0)), __ATOMIC_RELAXED);
	}
	_exit(0);
}

#define STORMS 3

static void start_storms(struct shared *shared, pid_t storms[STORMS], const char *cgroup)
{
	for (int i = 0; i < STORMS; i++) {
		storms[i] = CHECK_CALL(fork());
		if (!storms[i])
			storm(shared);
		cgroup_move(cgroup, storms[i]);
	}
}

static void end_storms(struct shared *shared, pid_t storms[STORMS])
{
	shared->stop = true;
	for (int i = 0; i < STORMS; i++)
		CHECK_EQUAL(test_wait(storms[i]), 0);
}

/* Added while it forks and execs without pause: when the call returns, all that is in it is seen. */
static void added_under_load(void)
{
	struct shared *shared = new_shared();
	pid_t storms[STORMS];
	int fd = cgroup_new("a");
	uint64_t calls, seen;

	set_up();
	start_storms(shared, storms, "a");
	for (int i = 0; i < 20; i++) {
		usleep(i * 7919 % 30000);
		kv_cgroup(view, fd);
		seen = *counter.value;
		calls = shared->calls;
		WAIT_FOR(shared->calls > calls + 5 * CALLS);
		/* Of the calls that ended since, some children's may have begun before. */
		if (*counter.value - seen + STORMS * 2 * CALLS < shared->calls - calls)
			FAIL("round %d: %llu calls seen of %llu", i, (unsigned long long)(*counter.value - seen),
			     (unsigned long long)(shared->calls - calls));
		CHECK_EQUAL(kv_try_cgroup_remove(view, fd), 0);
		WAIT_FOR(members() == 0);
	}
	end_storms(shared, storms);
	CHECK_EQUAL(kv_view_info(view).lost, 0);
}

/* Exact, though programs come and go, and processes of another cgroup too. */
static void exact_under_load(void)
{
	struct counter at_times = counter_new(BPF_PROG_TYPE_KPROBE);
	struct shared *shared = new_shared(), *others = new_shared();
	pid_t storms[STORMS], outside[STORMS];
	int fd = cgroup_new("a"), rounds = 0;
	struct subject subject = subject_new(1);
	long end;

	cgroup_new("b");
	set_up();
	kv_cgroup(view, fd);
	/* Of each of them, the first calls are those of its children, which are born after its move. */
	cgroup_move("a", getpid());
	for (int i = 0; i < STORMS; i++) {
		storms[i] = CHECK_CALL(fork());
		if (!storms[i])
			storm(shared);
	}
	cgroup_move("", getpid());
	start_storms(others, outside, "b");
	end = test_now() + 4000;
	while (test_now() < end) {
		int link = kv_entry(view, at_times.prog, rounds++ % 2 ? FUNCTION : "do_exit");

		cgroup_move("a", subject.pid);
		usleep(10000);
		cgroup_move("b", subject.pid);
		close(link);
	}
	end_storms(shared, storms);
	end_storms(others, outside);
	test_note("%d rounds, %llu calls inside, %llu outside, %llu processes joined", rounds,
		  (unsigned long long)shared->calls, (unsigned long long)others->calls,
		  (unsigned long long)kv_view_info(view).joined);
	CHECK_EQUAL(kv_link_info(link_fd).runs, shared->calls);
	expect(shared->calls);
	CHECK_EQUAL(members(), 0);
	CHECK_EQUAL(kv_view_info(view).lost, 0);
}

/* In and out and in: at rest, what is in is seen and what is out is not, with all that was forked on the way. */
static void moved_under_load(void)
{
	struct shared *shared = new_shared();
	pid_t storms[STORMS];
	int fd = cgroup_new("a");
	uint64_t seen;

	cgroup_new("b");
	set_up();
	kv_cgroup(view, fd);
	start_storms(shared, storms, "b");
	for (int i = 0; i < 30; i++) {
		for (int j = 0; j < STORMS; j++)
			cgroup_move(i % 2 ? "b" : "a", storms[j]);
		usleep(i * 3571 % 20000);
	}
	/* All out, but for the last children, whose cgroup is where they were forked. */
	WAIT_FOR(members() == 0);
	seen = *counter.value;
	usleep(100000);
	CHECK_EQUAL(*counter.value, seen);
	end_storms(shared, storms);
	CHECK_EQUAL(kv_view_info(view).lost, 0);
}

#define MANY 500

/* Processes that wait for a byte, make their calls, and end. */
static void start_many(int go[2], int done[2])
{
	CHECK_CALL(pipe(go));
	CHECK_CALL(pipe(done));
	cgroup_move("a", getpid());
	for (int i = 0; i < MANY; i++) {
		pid_t pid = CHECK_CALL(fork());

		if (!pid) {
			char byte;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (read(go[0], &byte, 1) == 1) {
				call();
				if (write(done[1], "x", 1) == 1)
					pause();
			}
			_exit(0);
		}
	}
	cgroup_move("", getpid());
}

static void expect_all_called(const int go[2], const int done[2])
{
	char byte;

	for (int i = 0; i < MANY; i++)
		CHECK_EQUAL(write(go[1], "x", 1), 1);
	for (int i = 0; i < MANY; i++)
		CHECK_EQUAL(read(done[0], &byte, 1), 1);
}

/* 500 processes cost the pages of one, and a record each. */
static void many(void)
{
	struct subject one = subject_new(1);
	struct kview_view_info alone, all;
	int fd = cgroup_new("a"), go[2], done[2];
	long start;

	set_up();
	kv_follow(view, one.pid);
	alone = kv_view_info(view);
	CHECK_EQUAL(kv_try_member_remove(view, one.pid), 0);
	start_many(go, done);
	start = test_now();
	kv_cgroup(view, fd);
	all = kv_view_info(view);
	test_note("%d processes in %ld ms, %llu bytes; one: %llu", MANY, test_now() - start, (unsigned long long)all.bytes,
		  (unsigned long long)alone.bytes);
	CHECK_EQUAL(all.members, MANY);
	CHECK_EQUAL(all.text_pages, alone.text_pages);
	CHECK_EQUAL(all.table_pages, alone.table_pages);
	CHECK(all.bytes - alone.bytes < MANY * 256);
	expect_all_called(go, done);
	expect(MANY * CALLS);
}

/* The tool dies with 500 members, who do not notice. */
static void tool_killed(void)
{
	int fd = cgroup_new("a"), go[2], done[2], ready[2];
	struct kview_info info;
	char byte;
	pid_t tool;

	start_many(go, done);
	CHECK_CALL(pipe(ready));
	counter = counter_new(BPF_PROG_TYPE_KPROBE);
	tool = CHECK_CALL(fork());
	if (!tool) {
		view = kv_view();
		kv_entry(view, counter.prog, FUNCTION);
		kv_cgroup(view, fd);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	CHECK_EQUAL(read(ready[0], &byte, 1), 1);
	kv_info(&info);
	CHECK_EQUAL(info.members, MANY);
	kill(tool, SIGKILL);
	test_wait(tool);
	kv_info(&info);
	CHECK_EQUAL(info.members, 0);
	CHECK_EQUAL(info.images, 0);
	CHECK_EQUAL(info.views, 0);
	expect_all_called(go, done);
	expect(0);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(subtree),	    TEST_CASE(listed),		 TEST_CASE(refused),	     TEST_CASE(moves),
		TEST_CASE(added_too),	    TEST_CASE(forks_inside),	 TEST_CASE(clones),	     TEST_CASE(clone_vfork),
		TEST_CASE(listed_while_cloned),
		TEST_CASE(vfork_child_enters), TEST_CASE(threaded),	 TEST_CASE(removed),	     TEST_CASE(overlapping_views),
		TEST_CASE(added_under_load), TEST_CASE(exact_under_load), TEST_CASE(moved_under_load), TEST_CASE(many),
		TEST_CASE(tool_killed),
	};

	test_undo = cgroup_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
