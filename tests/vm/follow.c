// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/*
 * Followed members: every process they make is a member before its first instruction, and nobody else is. All counts
 * are exact, while a process outside makes the same calls all the time.
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

#include "forkers.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"

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

#define FORKS 50

static void be_forker(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = forker_fork();

		if (!pid) {
			forker_call();
			_exit(0);
		}
		forker_reap(pid);
	}
	forker_call();
	_exit(0);
}

static void forks(void)
{
	struct scene scene = scene_new(be_forker);

	scene_run(&scene);
	scene_expect(&scene, (FORKS + 1) * FORKER_CALLS, FORKS + 1);
}

static void be_shell(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = forker_fork();

		if (!pid)
			forker_exec();
		forker_reap(pid);
	}
	forker_exec();
}

static void forks_and_execs(void)
{
	struct scene scene = scene_new(be_shell);

	scene_run(&scene);
	scene_expect(&scene, (FORKS + 1) * FORKER_CALLS, FORKS + 1);
}

static void *call_in_thread(void *unused)
{
	forker_call();
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
		pid_t pid = forker_fork();

		if (!pid) {
			call_in_threads(5);
			_exit(0);
		}
		call_in_threads(2);
		forker_reap(pid);
	}
	_exit(0);
}

static void threads(void)
{
	struct scene scene = scene_new(be_threaded);

	scene_run(&scene);
	scene_expect(&scene, 10 * 7 * FORKER_CALLS, 11);
}

/* The child of a vfork borrows the address space, makes calls there, and execs; or ends without. */
static void be_vforker(void)
{
	for (volatile int i = 0; i < 10; i++) {
		pid_t pid = vfork();

		if (!pid) {
			forker_call();
			if (i % 2)
				_exit(0);
			forker_exec();
		}
		forker_reap(pid);
	}
	_exit(0);
}

static void vforks(void)
{
	struct scene scene = scene_new(be_vforker);

	scene_run(&scene);
	/* Those that only borrowed were never processes with an address space of their own. */
	scene_expect(&scene, 15 * FORKER_CALLS, 6);
}

static void be_spawner(void)
{
	char number[] = "20";
	char *argv[] = { "getppid", number, NULL };
	pid_t pid;

	for (int i = 0; i < 10; i++) {
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ))
			_exit(94);
		forker_reap(pid);
	}
	_exit(0);
}

static void spawns(void)
{
	struct scene scene = scene_new(be_spawner);

	scene_run(&scene);
	scene_expect(&scene, 10 * FORKER_CALLS, 11);
}

/* Nobody waits for the grandchild, which outlives its parents. */
static void be_daemon(void)
{
	pid_t pid;

	for (int i = 0; i < 10; i++) {
		pid = forker_fork();
		if (!pid) {
			setsid();
			if (forker_fork())
				_exit(0);
			usleep(50000);
			forker_call();
			forker_exec();
		}
		forker_reap(pid);
	}
	_exit(0);
}

static void daemons(void)
{
	struct scene scene = scene_new(be_daemon);

	scene_run(&scene);
	scene_expect(&scene, 20 * FORKER_CALLS, 21);
}

/* @depth generations of three children each, all alive at once. */
static void be_tree(int depth)
{
	pid_t pids[3];

	forker_call();
	for (int i = 0; i < 3 && depth; i++) {
		pids[i] = forker_fork();
		if (!pids[i]) {
			be_tree(depth - 1);
			_exit(0);
		}
	}
	for (int i = 0; i < 3 && depth; i++)
		forker_reap(pids[i]);
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
	scene_expect(&scene, (1 + 3 + 9 + 27 + 81) * FORKER_CALLS, 1 + 3 + 9 + 27 + 81);
}

static int call_and_exec(void *unused)
{
	(void)unused;
	forker_call();
	forker_exec();
}

/* Processes that share the address space, and get their own by exec. */
static void be_sharer(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	for (int i = 0; i < 10; i++)
		forker_reap(clone(call_and_exec, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	_exit(0);
}

static void shared_address_space(void)
{
	struct scene scene = scene_new(be_sharer);

	scene_run(&scene);
	scene_expect(&scene, 20 * FORKER_CALLS, 11);
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
				forker_exec();
			forker_call();
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
	scene_expect(&scene, 60 * FORKER_CALLS, 61);
}

/* A program that changes its user: still followed, as the view belongs to one who may trace all of them. */
static void be_setuid(void)
{
	char *argv[] = { "getppid", "20", NULL };

	for (int i = 0; i < 5; i++) {
		pid_t pid = forker_fork();

		if (!pid) {
			if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
				_exit(93);
			execve("/run/setuid-getppid", argv, environ);
			_exit(92);
		}
		forker_reap(pid);
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
	scene_expect(&scene, 5 * FORKER_CALLS, 6);
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
	scene_expect(&scene, (FORKS + 1) * FORKER_CALLS, FORKS + 1);
}

TEST_MAIN(TEST_CASE(forks), TEST_CASE(forks_and_execs), TEST_CASE(threads), TEST_CASE(vforks), TEST_CASE(spawns),
	  TEST_CASE(daemons), TEST_CASE(generations), TEST_CASE(shared_address_space), TEST_CASE(signals),
	  TEST_CASE(setuid_exec), TEST_CASE(ptraced))
