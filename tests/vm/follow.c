// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/*
 * Followed members: every process they make is a member before its first instruction, and nobody else is. All counts are
 * exact, while a process outside makes the same calls all the time.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 20

/* Calls made in the scene, by the processes of the scene's own count. */
struct scene {
	struct counter counter;
	struct subject outsider;
	int view, link;
	int go;
	pid_t child;
};

/* A child that waits for a byte, does as it is told, and is followed. */
static struct scene scene_new(void (*child)(void))
{
	struct scene scene = { .counter = counter_new(BPF_PROG_TYPE_KPROBE), .outsider = subject_new(1) };
	int go[2];

	CHECK_CALL(pipe(go));
	scene.child = CHECK_CALL(fork());
	if (!scene.child) {
		char byte;

		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			child();
		_exit(99);
	}
	close(go[0]);
	scene.go = go[1];
	scene.view = kv_view();
	scene.link = kv_entry(scene.view, scene.counter.prog, FUNCTION);
	kv_follow(scene.view, scene.child);
	subject_start(&scene.outsider);
	return scene;
}

static void scene_run(struct scene *scene)
{
	int status;

	CHECK_EQUAL(write(scene->go, "x", 1), 1);
	status = test_wait(scene->child);
	CHECK_EQUAL(status, 0);
}

/* So many calls, so many processes, and nothing left. */
static void scene_expect(struct scene *scene, uint64_t calls, uint64_t processes)
{
	WAIT_FOR(kv_view_info(scene->view).members == 0);
	CHECK(subject_stop(&scene->outsider) > 0);
	CHECK_EQUAL(*scene->counter.value, calls);
	CHECK_EQUAL(kv_link_info(scene->link).runs, calls);
	CHECK_EQUAL(kv_view_info(scene->view).joined, processes);
	CHECK_EQUAL(kv_view_info(scene->view).lost, 0);
	CHECK_EQUAL(kv_view_info(scene->view).text_pages, 0);
}

static void call(void)
{
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

static _Noreturn void exec_caller(void)
{
	test_exec_caller(CALLS);
	_exit(98);
}

static void reap(pid_t pid)
{
	int status = 1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(97);
}

static pid_t fork_or_exit(void)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(96);
	return pid;
}

#define FORKS 50

static void be_forker(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork_or_exit();

		if (!pid) {
			call();
			_exit(0);
		}
		reap(pid);
	}
	call();
	_exit(0);
}

static void forks(void)
{
	struct scene scene = scene_new(be_forker);

	scene_run(&scene);
	scene_expect(&scene, (FORKS + 1) * CALLS, FORKS + 1);
}

static void be_shell(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork_or_exit();

		if (!pid)
			exec_caller();
		reap(pid);
	}
	exec_caller();
}

static void forks_and_execs(void)
{
	struct scene scene = scene_new(be_shell);

	scene_run(&scene);
	scene_expect(&scene, (FORKS + 1) * CALLS, FORKS + 1);
}

static void *call_in_thread(void *unused)
{
	call();
	return unused;
}

static void call_in_threads(int count)
{
	pthread_t threads[8];

	for (int i = 0; i < count; i++) {
		if (pthread_create(&threads[i], NULL, call_in_thread, NULL))
			_exit(95);
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void be_threaded(void)
{
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork_or_exit();

		if (!pid) {
			call_in_threads(5);
			_exit(0);
		}
		call_in_threads(2);
		reap(pid);
	}
	_exit(0);
}

static void threads(void)
{
	struct scene scene = scene_new(be_threaded);

	scene_run(&scene);
	scene_expect(&scene, 10 * 7 * CALLS, 11);
}

/* The child of a vfork borrows the address space, makes calls there, and execs; or ends without. */
static void be_vforker(void)
{
	for (volatile int i = 0; i < 10; i++) {
		pid_t pid = vfork();

		if (!pid) {
			call();
			if (i % 2)
				_exit(0);
			exec_caller();
		}
		reap(pid);
	}
	_exit(0);
}

static void vforks(void)
{
	struct scene scene = scene_new(be_vforker);

	scene_run(&scene);
	/* Those that only borrowed were never processes with an address space of their own. */
	scene_expect(&scene, 15 * CALLS, 6);
}

static void be_spawner(void)
{
	char number[] = "20";
	char *argv[] = { "getppid", number, NULL };
	pid_t pid;

	for (int i = 0; i < 10; i++) {
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ))
			_exit(94);
		reap(pid);
	}
	_exit(0);
}

static void spawns(void)
{
	struct scene scene = scene_new(be_spawner);

	scene_run(&scene);
	scene_expect(&scene, 10 * CALLS, 11);
}

/* Nobody waits for the grandchild, which outlives its parents. */
static void be_daemon(void)
{
	pid_t pid;

	for (int i = 0; i < 10; i++) {
		pid = fork_or_exit();
		if (!pid) {
			setsid();
			if (fork_or_exit())
				_exit(0);
			usleep(50000);
			call();
			exec_caller();
		}
		reap(pid);
	}
	_exit(0);
}

static void daemons(void)
{
	struct scene scene = scene_new(be_daemon);

	scene_run(&scene);
	scene_expect(&scene, 20 * CALLS, 21);
}

/* @depth generations of three children each, all alive at once. */
static void be_tree(int depth)
{
	pid_t pids[3];

	call();
	for (int i = 0; i < 3 && depth; i++) {
		pids[i] = fork_or_exit();
		if (!pids[i]) {
			be_tree(depth - 1);
			_exit(0);
		}
	}
	for (int i = 0; i < 3 && depth; i++)
		reap(pids[i]);
}

static void be_deep_tree(void)
{
	be_tree(4);
	_exit(0);
}

static void generations(void)
{
	struct scene scene = scene_new(be_deep_tree);

	scene_run(&scene);
	scene_expect(&scene, (1 + 3 + 9 + 27 + 81) * CALLS, 1 + 3 + 9 + 27 + 81);
}

static int call_and_exec(void *unused)
{
	(void)unused;
	call();
	exec_caller();
}

/* Processes that share the address space, and get their own by exec. */
static void be_sharer(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	for (int i = 0; i < 10; i++)
		reap(clone(call_and_exec, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	_exit(0);
}

static void shared_address_space(void)
{
	struct scene scene = scene_new(be_sharer);

	scene_run(&scene);
	scene_expect(&scene, 20 * CALLS, 11);
}

static void ignore(int signal)
{
	(void)signal;
}

/* Signals arrive all the time, also while the module works for a fork or an exec. */
static void be_signalled(void)
{
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = {};
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();

		if (!pid) {
			/* Ignored from now on, and so over exec. */
			signal(SIGALRM, SIG_IGN);
			setitimer(ITIMER_REAL, &often, NULL);
			kill(getpid(), SIGCHLD);
			if (i % 2)
				exec_caller();
			call();
			_exit(0);
		}
		while (waitpid(pid, NULL, 0) < 0)
			;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	_exit(0);
}

static void signals(void)
{
	struct scene scene = scene_new(be_signalled);

	scene_run(&scene);
	scene_expect(&scene, 60 * CALLS, 61);
}

/* A program that changes its user: still followed, as the view belongs to one who may trace all of them. */
static void be_setuid(void)
{
	char *argv[] = { "getppid", "20", NULL };

	for (int i = 0; i < 5; i++) {
		pid_t pid = fork_or_exit();

		if (!pid) {
			if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
				_exit(93);
			execve("/run/setuid-getppid", argv, environ);
			_exit(92);
		}
		reap(pid);
	}
	_exit(0);
}

static void setuid_exec(void)
{
	struct scene scene;

	if (system("mount -o remount,suid /run; cp /proc/$PPID/exe /run/setuid-getppid && chmod 4755 /run/setuid-getppid && "
		   "chmod 755 /run"))
		FAIL("no setuid program in /run");
	scene = scene_new(be_setuid);
	scene_run(&scene);
	scene_expect(&scene, 5 * CALLS, 6);
	unlink("/run/setuid-getppid");
}

/* Under a debugger that follows forks itself, each child stops before its first instruction. */
static void be_debugged(void)
{
	be_forker();
}

static void ptraced(void)
{
	struct scene scene = scene_new(be_debugged);
	int status, stops = 0;
	pid_t pid;

	CHECK_CALL(ptrace(PTRACE_SEIZE, scene.child, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC));
	CHECK_EQUAL(write(scene.go, "x", 1), 1);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (pid == scene.outsider.pid)
			FAIL("the process outside has ended");
		if (!WIFSTOPPED(status)) {
			CHECK_EQUAL(status, 0);
			if (pid == scene.child)
				break;
			continue;
		}
		stops++;
		ptrace(PTRACE_CONT, pid, 0, status >> 16 || WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status));
	}
	CHECK(stops >= 2 * FORKS);
	scene_expect(&scene, (FORKS + 1) * CALLS, FORKS + 1);
}

/* --- who is followed, and who is not ------------------------------------------------------------------------------ */

static int go_on[2];

/* A process that forks a child for each byte; the child makes its calls and ends. */
static pid_t start_forker(int *ret_go, int *ret_done)
{
	int go[2], done[2];
	pid_t pid;

	CHECK_CALL(pipe(go));
	CHECK_CALL(pipe(done));
	pid = CHECK_CALL(fork());
	if (!pid) {
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(go[0], &byte, 1) == 1) {
			pid_t child = fork_or_exit();

			if (!child) {
				call();
				_exit(0);
			}
			reap(child);
			if (write(done[1], "x", 1) != 1)
				break;
		}
		_exit(0);
	}
	*ret_go = go[1];
	*ret_done = done[0];
	return pid;
}

static void fork_once(int go, int done)
{
	char byte;

	CHECK_EQUAL(write(go, "x", 1), 1);
	CHECK_EQUAL(read(done, &byte, 1), 1);
}

/* A member that is not followed can be followed later; only that is not "a member already". */
static void follow_later(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), go, done;
	pid_t pid = start_forker(&go, &done);
	struct kview_member_info info = { .size = sizeof(info), .view = kv_view_info(view).id };

	kv_entry(view, counter.prog, FUNCTION);
	kv_member(view, pid);
	fork_once(go, done);
	CHECK_EQUAL(*counter.value, 0);
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
	CHECK_EQUAL(info.flags, KVIEW_MEMBER_ADDED);

	kv_follow(view, pid);
	fork_once(go, done);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
	CHECK_EQUAL(info.flags, KVIEW_MEMBER_ADDED | KVIEW_MEMBER_FOLLOW);
	CHECK_EQUAL(kv_try_follow(view, pid), -EEXIST);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_ALREADY_MEMBER);
	CHECK_EQUAL(kv_try_member(view, pid), -EEXIST);

	CHECK_EQUAL(kv_try_member_remove(view, pid), 0);
	fork_once(go, done);
	CHECK_EQUAL(*counter.value, CALLS);
}

/* A member forks another kind of member: the child is only in the view that follows. */
static void one_of_two_views(void)
{
	struct counter first = counter_new(BPF_PROG_TYPE_KPROBE), second = counter_new(BPF_PROG_TYPE_KPROBE);
	int followed = kv_view(), plain = kv_view(), go, done;
	pid_t pid = start_forker(&go, &done);

	kv_entry(plain, second.prog, FUNCTION);
	kv_entry(followed, first.prog, FUNCTION);
	kv_member(plain, pid);
	kv_follow(followed, pid);
	fork_once(go, done);
	CHECK_EQUAL(*first.value, CALLS);
	CHECK_EQUAL(*second.value, 0);
	kv_follow(plain, pid);
	fork_once(go, done);
	CHECK_EQUAL(*first.value, 2 * CALLS);
	CHECK_EQUAL(*second.value, CALLS);
}

/* The root is taken out; its child, which joined by fork, stays and goes by its own name. */
static void descendants_stay(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), wake[2], told[2];
	pid_t root, child;
	char byte;

	CHECK_CALL(pipe(go_on));
	CHECK_CALL(pipe(wake));
	CHECK_CALL(pipe(told));
	root = CHECK_CALL(fork());
	if (!root) {
		if (read(go_on[0], &byte, 1) != 1)
			_exit(1);
		child = fork_or_exit();
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (read(wake[0], &byte, 1) == 1) {
				call();
				if (write(told[1], "x", 1) != 1)
					break;
			}
			_exit(0);
		}
		if (write(told[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		pause();
	}
	kv_entry(view, counter.prog, FUNCTION);
	kv_follow(view, root);
	CHECK_EQUAL(write(go_on[1], "x", 1), 1);
	CHECK_EQUAL(read(told[0], &child, sizeof(child)), sizeof(child));
	CHECK_EQUAL(kv_view_info(view).members, 2);
	CHECK_EQUAL(kv_try_member_remove(view, root), 0);
	CHECK_EQUAL(kv_view_info(view).members, 1);
	CHECK_EQUAL(write(wake[1], "x", 1), 1);
	CHECK_EQUAL(read(told[0], &byte, 1), 1);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK_EQUAL(kv_try_member_remove(view, child), 0);
	CHECK_EQUAL(kv_view_info(view).members, 0);
	CHECK_EQUAL(write(wake[1], "x", 1), 1);
	CHECK_EQUAL(read(told[0], &byte, 1), 1);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK_EQUAL(kv_view_info(view).joined, 2);
	kill(root, SIGKILL);
	test_wait(root);
}

/* --- under load ----------------------------------------------------------------------------------------------------- */

struct shared {
	volatile bool stop;
	volatile uint64_t calls; /* by children that have ended */
};

static struct shared *new_shared(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(shared != MAP_FAILED);
	return shared;
}

/* Forks as fast as it can, every third child by exec and every fourth a fork of its own. */
static _Noreturn void storm(struct shared *shared)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; !shared->stop; i++) {
		pid_t pid = fork_or_exit();

		if (!pid) {
			call();
			if (i % 4 == 0) {
				pid_t grandchild = fork_or_exit();

				call();
				if (!grandchild)
					_exit(0);
				reap(grandchild);
			}
			if (i % 3 == 0)
				exec_caller();
			_exit(0);
		}
		reap(pid);
		__atomic_fetch_add(&shared->calls, CALLS * (1 + (i % 4 == 0) * 2 + (i % 3 == 0)), __ATOMIC_RELAXED);
	}
	_exit(0);
}

#define STORMS 3

/* Programs come and go while processes come and go; the one that stays misses nothing. */
static void storm_under_attach(void)
{
	struct counter always = counter_new(BPF_PROG_TYPE_KPROBE), at_times = counter_new(BPF_PROG_TYPE_KPROBE);
	struct shared *shared = new_shared();
	int view = kv_view(), rounds = 0;
	pid_t storms[STORMS];
	long end;

	kv_entry(view, always.prog, FUNCTION);
	kv_follow(view, getpid());
	for (int i = 0; i < STORMS; i++) {
		storms[i] = CHECK_CALL(fork());
		if (!storms[i])
			storm(shared);
	}
	end = test_now() + 4000;
	while (test_now() < end) {
		int link = kv_entry(view, at_times.prog, rounds % 2 ? FUNCTION : "wake_up_new_task");
		int second = kv_entry(view, at_times.prog, rounds % 3 ? "begin_new_exec" : "do_exit");

		usleep(20000);
		close(link);
		usleep(rounds++ % 5 * 5000);
		close(second);
	}
	shared->stop = true;
	for (int i = 0; i < STORMS; i++)
		CHECK_EQUAL(test_wait(storms[i]), 0);
	test_note("%d rounds, %llu calls, %llu processes", rounds, (unsigned long long)shared->calls,
		  (unsigned long long)kv_view_info(view).joined);
	CHECK(*at_times.value > 0);
	CHECK_EQUAL(*always.value, shared->calls);
	CHECK_EQUAL(kv_view_info(view).lost, 0);
	CHECK_EQUAL(kv_view_info(view).members, 1);
}

/* Views open and close over a tree that never stops to fork; the oldest misses nothing. */
static void storm_under_views(void)
{
	struct counter always = counter_new(BPF_PROG_TYPE_KPROBE), at_times = counter_new(BPF_PROG_TYPE_KPROBE);
	struct shared *shared = new_shared();
	int view = kv_view(), rounds = 0;
	pid_t storms[STORMS];
	long end;

	kv_entry(view, always.prog, FUNCTION);
	kv_follow(view, getpid());
	for (int i = 0; i < STORMS; i++) {
		storms[i] = CHECK_CALL(fork());
		if (!storms[i])
			storm(shared);
	}
	end = test_now() + 4000;
	while (test_now() < end) {
		int other = kv_view();

		kv_entry(other, at_times.prog, FUNCTION);
		kv_follow(other, storms[rounds % STORMS]);
		usleep(30000);
		if (rounds++ % 2)
			CHECK_EQUAL(kv_try_member_remove(other, storms[(rounds - 1) % STORMS]), 0);
		close(other);
	}
	shared->stop = true;
	for (int i = 0; i < STORMS; i++)
		CHECK_EQUAL(test_wait(storms[i]), 0);
	test_note("%d rounds, %llu calls, %llu at times", rounds, (unsigned long long)shared->calls,
		  (unsigned long long)*at_times.value);
	CHECK(*at_times.value > 0);
	CHECK_EQUAL(*always.value, shared->calls);
	CHECK_EQUAL(kv_view_info(view).lost, 0);
}

/* Added in the middle of its forks: whatever it forks after that is in. */
static void added_while_forking(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct shared *shared = new_shared();
	int view = kv_view();

	kv_entry(view, counter.prog, FUNCTION);
	for (int i = 0; i < 20; i++) {
		pid_t pid = CHECK_CALL(fork());
		uint64_t before, seen;

		if (!pid)
			storm(shared);
		usleep(20000 + i * 1337 % 20000);
		kv_follow(view, pid);
		before = shared->calls;
		usleep(50000);
		shared->stop = true;
		CHECK_EQUAL(test_wait(pid), 0);
		seen = *counter.value;
		/* The child that was running when its parent was added is out, and may have been counted in "before". */
		if (seen + 4 * CALLS < shared->calls - before)
			FAIL("round %d: %llu calls seen of at least %llu", i, (unsigned long long)seen,
			     (unsigned long long)(shared->calls - before));
		*shared = (struct shared){};
		*counter.value = 0;
	}
	CHECK_EQUAL(kv_view_info(view).lost, 0);
}

/* The tool is killed with a tree under it, which goes on as if nothing had been. */
static void tool_killed(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct shared *shared = new_shared();
	struct kview_info info;
	int ready[2];
	pid_t tool, storm_pid = CHECK_CALL(fork());
	uint64_t calls, seen;
	char byte;

	if (!storm_pid)
		storm(shared);
	CHECK_CALL(pipe(ready));
	tool = CHECK_CALL(fork());
	if (!tool) {
		int view = kv_view();

		kv_entry(view, counter.prog, FUNCTION);
		kv_follow(view, storm_pid);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	CHECK_EQUAL(read(ready[0], &byte, 1), 1);
	calls = *counter.value;
	WAIT_FOR(*counter.value > calls + 10 * CALLS);
	kill(tool, SIGKILL);
	test_wait(tool);
	kv_info(&info);
	CHECK_EQUAL(info.members, 0);
	CHECK_EQUAL(info.images, 0);
	seen = *counter.value;
	calls = shared->calls;
	WAIT_FOR(shared->calls > calls + 10 * CALLS);
	CHECK_EQUAL(*counter.value, seen);
	shared->stop = true;
	CHECK_EQUAL(test_wait(storm_pid), 0);
}

TEST_MAIN(TEST_CASE(forks), TEST_CASE(forks_and_execs), TEST_CASE(threads), TEST_CASE(vforks), TEST_CASE(spawns),
	  TEST_CASE(daemons), TEST_CASE(generations), TEST_CASE(shared_address_space), TEST_CASE(signals),
	  TEST_CASE(setuid_exec), TEST_CASE(ptraced), TEST_CASE(follow_later), TEST_CASE(one_of_two_views),
	  TEST_CASE(descendants_stay), TEST_CASE(storm_under_attach), TEST_CASE(storm_under_views),
	  TEST_CASE(added_while_forking), TEST_CASE(tool_killed))
