// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 120
/*
 * Every allocation fails once: of each request the first, then the second, and so on, until it gets through untouched.
 * What is asked for either works or is refused with ENOMEM, and then nothing of it is there; what is taken down is
 * taken down.
 */
#include <sys/wait.h>

#include "faults.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 3

static struct counter counter;
static struct subject member;
static int view;

static void set_up(void)
{
	counter = counter_new(BPF_PROG_TYPE_KPROBE);
	member = subject_new(1);
	view = kv_view();
	faults_aim();
}

/* How often the program runs for each of the member's calls. */
static uint64_t runs_per_call(void)
{
	uint64_t before = *counter.value, runs;

	subject_call(&member, CALLS);
	runs = *counter.value - before;
	CHECK(!(runs % CALLS));
	return runs / CALLS;
}

static bool runs_are(uint64_t runs)
{
	return runs_per_call() == runs;
}

/*
 * Do @attempt again and again, each time with another allocation that fails; @check is told its result, which is not
 * negative or -ENOMEM, and undoes it.
 */
static void with_each_failing(int (*attempt)(void), void (*check)(int result))
{
	unsigned int nth = 0, failed = 0;
	bool reached;

	do {
		int result;

		faults_nth(++nth);
		result = attempt();
		reached = faults_nth_reached();
		if (result < 0) {
			CHECK_EQUAL(result, -ENOMEM);
			CHECK(reached);
			failed++;
		}
		check(result);
	} while (reached);
	test_note("%u allocations, %u of them indispensable", nth - 1, failed);
	CHECK(nth > 1);
}

/* --- what is asked for --- */

static void check_view(int result)
{
	struct kview_info info;

	kv_info(&info);
	CHECK_EQUAL(info.views, 1 + (result >= 0));
	if (result >= 0)
		close(result);
}

static void views(void)
{
	set_up();
	with_each_failing(kv_try_view, check_view);
}

static int try_link(void)
{
	return kv_try_entry(view, counter.prog, FUNCTION);
}

static void check_link(int result)
{
	CHECK_EQUAL(kv_view_info(view).links, result >= 0);
	CHECK_EQUAL(runs_per_call(), result >= 0 && kv_view_info(view).members);
	if (result < 0)
		return;
	close(result);
	CHECK_EQUAL(runs_per_call(), 0);
}

static void links(void)
{
	set_up();
	with_each_failing(try_link, check_link);
}

static void links_for_members(void)
{
	set_up();
	kv_member(view, member.pid);
	with_each_failing(try_link, check_link);
}

static int try_member(void)
{
	return kv_try_member(view, member.pid);
}

static void check_member(int result)
{
	CHECK_EQUAL(kv_view_info(view).members, result >= 0);
	CHECK_EQUAL(runs_per_call(), result >= 0);
	if (result < 0)
		return;
	CHECK_EQUAL(kv_try_member_remove(view, member.pid), 0);
	CHECK_EQUAL(runs_per_call(), 0);
}

static void members(void)
{
	set_up();
	kv_entry(view, counter.prog, FUNCTION);
	with_each_failing(try_member, check_member);
}

static void check_second_view(int result)
{
	CHECK_EQUAL(kv_view_info(view).members, result >= 0);
	CHECK_EQUAL(runs_per_call(), 1 + (result >= 0));
	if (result >= 0)
		CHECK_EQUAL(kv_try_member_remove(view, member.pid), 0);
}

static void members_of_another_view(void)
{
	int first;

	set_up();
	first = kv_view();
	kv_entry(first, counter.prog, FUNCTION);
	kv_member(first, member.pid);
	kv_entry(view, counter.prog, FUNCTION);
	with_each_failing(try_member, check_second_view);
	CHECK_EQUAL(runs_per_call(), 1);
}

/* --- what is taken down --- */

static int link_to_close, view_to_close;

static int try_close_link(void)
{
	return close(link_to_close);
}

static void check_closed_link(int result)
{
	CHECK_EQUAL(result, 0);
	/* The page may have been put aside, which takes its neighbours' hooks along until memory is back. */
	WAIT_FOR(runs_are(1));
	CHECK_EQUAL(kv_view_info(view).links, 1);
	link_to_close = kv_entry(view, counter.prog, FUNCTION);
	CHECK_EQUAL(runs_per_call(), 2);
}

static void links_closed(void)
{
	set_up();
	kv_member(view, member.pid);
	kv_entry(view, counter.prog, FUNCTION);
	link_to_close = kv_entry(view, counter.prog, FUNCTION);
	with_each_failing(try_close_link, check_closed_link);
}

static void make_second_view(void)
{
	view_to_close = kv_view();
	kv_entry(view_to_close, counter.prog, FUNCTION);
	kv_member(view_to_close, member.pid);
	if (kv_try_member(view, member.pid))
		CHECK_EQUAL(kv_reason, KVIEW_WHY_ALREADY_MEMBER);
}

static int try_close_view(void)
{
	return close(view_to_close);
}

/* Without memory for the smaller set the process leaves all its views. */
static void check_closed_view(int result)
{
	CHECK_EQUAL(result, 0);
	CHECK_EQUAL(runs_per_call(), kv_view_info(view).members);
	make_second_view();
	CHECK_EQUAL(runs_per_call(), 2);
}

static void views_closed(void)
{
	set_up();
	kv_entry(view, counter.prog, FUNCTION);
	make_second_view();
	with_each_failing(try_close_view, check_closed_view);
}

/* --- what follows members and patchers --- */

static unsigned int nth_in_exec;

/* A member that execs either keeps its view or leaves it, but lives. */
static void execs(void)
{
	unsigned int lost = 0;
	uint64_t counted;

	set_up();
	kv_entry(view, counter.prog, FUNCTION);
	for (nth_in_exec = 1; nth_in_exec <= 8; nth_in_exec++) {
		pid_t pid = CHECK_CALL(fork());

		if (!pid) {
			kv_member(view, getpid());
			faults_nth(nth_in_exec);
			test_exec_caller(CALLS);
			_exit(1);
		}
		counted = *counter.value;
		CHECK_EQUAL(test_wait(pid), 0);
		counted = *counter.value - counted;
		CHECK(counted == CALLS || !counted);
		lost += !counted;
	}
	test_note("%u of %u execs left the view", lost, nth_in_exec - 1);
	CHECK(lost && lost < nth_in_exec - 1);
}

static int try_kprobe(void)
{
	static int prog = -1;
	int event;

	if (prog < 0)
		prog = program_nothing(BPF_PROG_TYPE_KPROBE);
	event = kprobe_attach(prog, FUNCTION, 0, false);
	if (event < 0)
		return event;
	close(event);
	return 0;
}

/* Somebody else's probe comes and goes; what the module cannot rebuild at once it rebuilds later. */
static void check_rebuilt(int result)
{
	CHECK_EQUAL(result, 0);
	WAIT_FOR(runs_are(1));
}

static void patchers(void)
{
	set_up();
	kv_entry(view, counter.prog, FUNCTION);
	kv_member(view, member.pid);
	with_each_failing(try_kprobe, check_rebuilt);
}

/* A case that failed may have left its number behind in the next one's parent. */
static void undo(void)
{
	faults_nth(0);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(views), TEST_CASE(links), TEST_CASE(links_for_members), TEST_CASE(members),
		TEST_CASE(members_of_another_view), TEST_CASE(links_closed), TEST_CASE(views_closed), TEST_CASE(execs),
		TEST_CASE(patchers),
	};

	if (!faults_possible()) {
		puts("allocations cannot be made to fail on this kernel, but on the one of make check-debug");
		return 77;
	}
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
