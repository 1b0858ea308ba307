// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Membership follows the member's own exec, and neither fork nor what a vfork child becomes. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 50

/* A view with one link, and a child that waits for a byte and then does as it is told. */
struct scene {
	struct counter counter;
	int view, link;
	int go;
	pid_t child;
};

static struct scene scene_new(void (*child)(void))
{
	struct scene scene = { .counter = counter_new(BPF_PROG_TYPE_KPROBE) };
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
	kv_member(scene.view, scene.child);
	return scene;
}

/* Let the child go, and see how many calls were counted when it has ended, with success. */
static void expect_calls(struct scene *scene, uint64_t calls)
{
	int status;

	CHECK_EQUAL(write(scene->go, "x", 1), 1);
	status = test_wait(scene->child);
	CHECK_EQUAL(status, 0);
	CHECK_EQUAL(*scene->counter.value, calls);
	CHECK_EQUAL(kv_link_info(scene->link).runs, calls);
	CHECK_EQUAL(kv_view_info(scene->view).members, 0);
	CHECK_EQUAL(kv_view_info(scene->view).text_pages, 0);
}

static void call(void)
{
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

static void call_and_exec(void)
{
	call();
	test_exec_caller(CALLS);
}

static void exec_keeps(void)
{
	struct scene scene = scene_new(call_and_exec);

	expect_calls(&scene, 2 * CALLS);
}

static void *exec_from_thread(void *unused)
{
	call();
	test_exec_caller(CALLS);
	return unused;
}

static void *sleep_forever(void *unused)
{
	pause();
	return unused;
}

static void start_threads(void *(*last)(void *))
{
	pthread_t thread;

	for (int i = 0; i < 5; i++)
		pthread_create(&thread, NULL, sleep_forever, NULL);
	pthread_create(&thread, NULL, last, NULL);
}

static void threads_and_exec(void)
{
	start_threads(sleep_forever);
	call_and_exec();
}

static void exec_of_many_threads(void)
{
	struct scene scene = scene_new(threads_and_exec);

	expect_calls(&scene, 2 * CALLS);
}

static void exec_by_last_thread(void)
{
	start_threads(exec_from_thread);
	pause();
}

/* The thread takes the first one's id, and the process stays the one that was added. */
static void exec_by_thread(void)
{
	struct scene scene = scene_new(exec_by_last_thread);

	expect_calls(&scene, 2 * CALLS);
}

static void fail_to_exec(void)
{
	char *argv[] = { "none", NULL };

	execve("/no/such/file", argv, environ);
	execve("/proc/self/maps", argv, environ);
	execve("/", argv, environ);
	call();
	_exit(0);
}

static void failed_exec(void)
{
	struct scene scene = scene_new(fail_to_exec);

	expect_calls(&scene, CALLS);
}

/* A program that does not fit into its address space: exec fails when there is no way back any more. */
static void exec_and_die(void)
{
	struct rlimit_ {
		uint64_t now, max;
	} limit = { 8192, 8192 };

	call();
	syscall(SYS_prlimit64, 0, 3 /* RLIMIT_STACK */, &limit, NULL);
	syscall(SYS_prlimit64, 0, 9 /* RLIMIT_AS */, &limit, NULL);
	test_exec_caller(CALLS);
	_exit(0);
}

static void exec_that_kills(void)
{
	struct scene scene = scene_new(exec_and_die);

	CHECK_EQUAL(write(scene.go, "x", 1), 1);
	test_wait(scene.child);
	CHECK_EQUAL(*scene.counter.value, CALLS);
	CHECK_EQUAL(kv_view_info(scene.view).members, 0);
	CHECK_EQUAL(kv_view_info(scene.view).text_pages, 0);
}

static int wait_for_child(pid_t pid)
{
	int status = 1;

	waitpid(pid, &status, 0);
	return status;
}

static void fork_and_call(void)
{
	pid_t pid = fork();

	call();
	if (!pid)
		_exit(0);
	_exit(wait_for_child(pid) ? 1 : 0);
}

static void fork_does_not_inherit(void)
{
	struct scene scene = scene_new(fork_and_call);

	expect_calls(&scene, CALLS);
}

/* A vfork child uses the member's address space until it execs; then it is a process of its own. */
static void vfork_and_call(void)
{
	pid_t pid = vfork();

	if (!pid) {
		call();
		test_exec_caller(CALLS);
		_exit(1);
	}
	call();
	_exit(wait_for_child(pid) ? 1 : 0);
}

static void vfork_child_leaves(void)
{
	struct scene scene = scene_new(vfork_and_call);

	expect_calls(&scene, 2 * CALLS);
}

static void spawn_and_call(void)
{
	char number[] = "77";
	char *argv[] = { "getppid", number, NULL };
	pid_t pid;

	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ))
		_exit(1);
	call();
	_exit(wait_for_child(pid) ? 1 : 0);
}

static void spawned_is_no_member(void)
{
	struct scene scene = scene_new(spawn_and_call);

	expect_calls(&scene, CALLS);
}

static int call_in_clone(void *unused)
{
	(void)unused;
	call();
	return 0;
}

/* A process of its own in the same address space is in, as documented. */
static void clone_vm_and_call(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = clone(call_in_clone, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	if (wait_for_child(pid))
		_exit(1);
	call();
	_exit(0);
}

static void shared_address_space(void)
{
	struct scene scene = scene_new(clone_vm_and_call);

	expect_calls(&scene, 2 * CALLS);
}

/* Child after child, each by fork and exec, which is what a shell does; then an exec of the member itself. */
static void be_shell(void)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid) {
			test_exec_caller(CALLS);
			_exit(1);
		}
		if (wait_for_child(pid))
			_exit(1);
	}
	call_and_exec();
}

static void shell(void)
{
	struct scene scene = scene_new(be_shell);

	/* Nothing of the forked ones, which call nothing before their exec. */
	expect_calls(&scene, 2 * CALLS);
}

/* All views of the member are kept, and each still counts once. */
static void exec_in_two_views(void)
{
	struct scene scene = scene_new(call_and_exec);
	struct counter second = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_entry(view, second.prog, FUNCTION);
	kv_member(view, scene.child);
	expect_calls(&scene, 2 * CALLS);
	CHECK_EQUAL(*second.value, 2 * CALLS);
}

/* The program at @counter's place runs again within two seconds. */
static bool counts(const struct counter *counter)
{
	uint64_t before = *counter->value;

	for (int i = 0; i < 200 && *counter->value == before; i++)
		usleep(10000);
	return *counter->value != before;
}

/* Replaces itself over and over, with some more threads each time. */
static _Noreturn void exec_over_and_over(void)
{
	char *argv[] = { "exec", "--exec-loop", NULL };

	for (int i = 0; i < 3; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, sleep_forever, NULL);
	}
	for (int i = 0; i < 20; i++)
		syscall(SYS_getppid);
	execve("/proc/self/exe", argv, environ);
	_exit(1);
}

/* Added in the middle of an exec, a process is a member before and after. */
static void added_during_exec(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();
	pid_t pid = CHECK_CALL(fork());

	if (!pid)
		exec_over_and_over();
	kv_entry(view, counter.prog, FUNCTION);
	for (int i = 0; i < 25; i++) {
		usleep(i * 977 % 10000);
		kv_member(view, pid);
		if (!counts(&counter))
			FAIL("round %d: added, but not a member after its exec", i);
		/* In the middle of an exec both address spaces are members. */
		WAIT_FOR(kv_view_info(view).members == 1);
		CHECK_EQUAL(kv_try_member_remove(view, pid), 0);
	}
	kill(pid, SIGKILL);
	test_wait(pid);
}

static const struct test_case cases[] = {
	TEST_CASE(exec_keeps),	      TEST_CASE(exec_of_many_threads),	TEST_CASE(exec_by_thread),
	TEST_CASE(failed_exec),	      TEST_CASE(exec_that_kills),	TEST_CASE(fork_does_not_inherit),
	TEST_CASE(vfork_child_leaves), TEST_CASE(spawned_is_no_member), TEST_CASE(shared_address_space),
	TEST_CASE(shell),	      TEST_CASE(exec_in_two_views),	TEST_CASE(added_during_exec),
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exec-loop"))
		exec_over_and_over();
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
