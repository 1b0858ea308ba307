// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Address spaces that a fault keeps busy, maybe for long, while they are to be shown a view. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cgroups.h"
#include "modules.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define HOLDER "/sys/module/test_mmap_lock/parameters/pid"

static void hold_address_space(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	test_set(HOLDER, text);
}

static pid_t start_adding(int view, pid_t pid)
{
	pid_t adder = CHECK_CALL(fork());

	if (adder)
		return adder;
	kv_member(view, pid);
	_exit(0);
}

/* It keeps waiting who wants to add it, and nobody else. */
static void added_by_number(void)
{
	struct subject busy = subject_new(1), other = subject_new(1);
	int view = kv_view(), status;
	pid_t first, second;

	module_load_test("test_mmap_lock");
	hold_address_space(busy.pid);
	first = start_adding(view, busy.pid);
	usleep(200000 * test_slow());
	second = start_adding(view, other.pid);
	WAIT_FOR(waitpid(second, &status, WNOHANG) == second);
	CHECK_EQUAL(status, 0);
	CHECK_EQUAL(waitpid(first, NULL, WNOHANG), 0);
	hold_address_space(0);
	CHECK_EQUAL(test_wait(first), 0);
	CHECK_EQUAL(kv_view_info(view).members, 2);
}

/* One of a cgroup, too, keeps nobody else there from joining, and joins itself when it can. */
static void in_cgroup(void)
{
	struct subject busy = subject_new(1), other = subject_new(1);
	int view = kv_view();

	module_load_test("test_mmap_lock");
	kv_cgroup(view, cgroup_new("a"));
	hold_address_space(busy.pid);
	cgroup_move("a", busy.pid);
	cgroup_move("a", other.pid);
	WAIT_FOR(kv_view_info(view).members == 1);
	hold_address_space(0);
	WAIT_FOR(kv_view_info(view).members == 2);
}

/* The more mappings, the longer takes the kernel to lock them all. */
static void map_pieces(void)
{
	size_t page = getpagesize(), count = 20000 / test_slow();
	char *area = mmap(NULL, 2 * count * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(area != MAP_FAILED);
	for (size_t i = 0; i < count; i++)
		CHECK_CALL(mprotect(area + 2 * i * page, page, PROT_READ));
}

static pid_t start_waiting(void)
{
	pid_t pid = CHECK_CALL(fork());

	while (!pid)
		pause();
	return pid;
}

static pid_t start_trying(int view, pid_t pid)
{
	pid_t adder = CHECK_CALL(fork());

	if (!adder)
		_exit(-kv_try_member(view, pid));
	return adder;
}

/*
 * The process that is being added is killed, and its parent has seen it gone, while its address space is locked for it. Its
 * number may not be taken from it any more then. Ends the process, which has many mappings.
 */
static _Noreturn void reap_while_added(int view)
{
	map_pieces();
	for (int i = 0; i < 4; i++) {
		pid_t killed = start_waiting(), adder;
		int status;

		hold_address_space(killed);
		adder = start_trying(view, killed);
		usleep(50000 * test_slow());
		CHECK_CALL(kill(killed, SIGKILL));
		usleep(10000 * test_slow());
		hold_address_space(0);
		CHECK_CALL(waitpid(killed, NULL, 0));
		status = test_wait(adder);
		CHECK(!status || status == ESRCH);
	}
	_exit(0);
}

static void reaped_while_added(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();
	pid_t pid;

	kv_entry(view, counter.prog, FUNCTION);
	module_load_test("test_mmap_lock");
	pid = CHECK_CALL(fork());
	if (!pid)
		reap_while_added(view);
	CHECK_EQUAL(test_wait(pid), 0);
	WAIT_FOR(!kv_view_info(view).members);
}

static void undo(void)
{
	test_write(HOLDER, "0");
	module_unload("test_mmap_lock");
	cgroup_undo();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(added_by_number),
		TEST_CASE(in_cgroup),
		TEST_CASE(reaped_while_added),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
