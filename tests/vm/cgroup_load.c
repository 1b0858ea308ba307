// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 240
/* Cgroups of a view with many processes, and with processes that fork without pause, move, or lose the tool: exact. */
#include <signal.h>
#include <sys/prctl.h>

#include "cgroups.h"
#include "forkers.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"
#include "watch.h"


static void start_in(const char *cgroup, struct forkers *forkers)
{
	forkers_start(forkers);
	for (int i = 0; i < FORKERS; i++)
		cgroup_move(cgroup, forkers->pids[i]);
}

/* Added while it forks and execs without pause: when the call returns, all that is in it is seen. */
static void added_under_load(void)
{
	struct forkers *forkers = forkers_new();
	int fd = cgroup_new("a");
	uint64_t calls, seen, ended;

	watch_new();
	start_in("a", forkers);
	for (int i = 0; i < 8; i++) {
		usleep(i * 7919 % 30000);
		kv_cgroup(watch.view, fd);
		seen = *watch.counter.value;
		calls = forkers->calls;
		WAIT_FOR(forkers->calls > calls + 20 * FORKER_CALLS);
		ended = forkers->calls - calls; /* first: the other number grows before it does */
		/* Of the calls that ended since, some children's may have begun before. */
		if (*watch.counter.value - seen + FORKERS * FORKER_CALLS_AT_ONCE < ended)
			FAIL("round %d: %llu calls seen of %llu", i, (unsigned long long)(*watch.counter.value - seen),
			     (unsigned long long)ended);
		CHECK_EQUAL(kv_try_cgroup_remove(watch.view, fd), 0);
		WAIT_FOR(watch_members() == 0);
	}
	forkers_stop(forkers);
	CHECK_EQUAL(kv_view_info(watch.view).lost, 0);
}

/* Exact, though programs come and go, and processes of another cgroup too. */
static void exact_under_load(void)
{
	struct counter at_times = counter_new(BPF_PROG_TYPE_KPROBE);
	struct forkers *forkers = forkers_new(), *others = forkers_new();
	int fd = cgroup_new("a"), rounds = 0;
	struct subject subject = subject_new(1);
	long end;

	cgroup_new("b");
	watch_new();
	kv_cgroup(watch.view, fd);
	/* Of each of them, the first calls are those of its children, which are born after its move. */
	cgroup_move("a", getpid());
	forkers_start(forkers);
	cgroup_move("", getpid());
	start_in("b", others);
	end = test_now() + 4000;
	while (test_now() < end) {
		int link = kv_entry(watch.view, at_times.prog, rounds++ % 2 ? WATCH_FUNCTION : "do_exit");

		cgroup_move("a", subject.pid);
		usleep(10000);
		cgroup_move("b", subject.pid);
		close(link);
	}
	forkers_stop(forkers);
	forkers_stop(others);
	test_note("%d rounds, %llu calls inside, %llu outside, %llu processes joined", rounds,
		  (unsigned long long)forkers->calls, (unsigned long long)others->calls,
		  (unsigned long long)kv_view_info(watch.view).joined);
	CHECK_EQUAL(kv_link_info(watch.link).runs, forkers->calls);
	watch_expect(forkers->calls);
	CHECK_EQUAL(watch_members(), 0);
	CHECK_EQUAL(kv_view_info(watch.view).lost, 0);
}

/* In and out and in: at rest, what is in is seen and what is out is not, with all that was forked on the way. */
static void moved_under_load(void)
{
	struct forkers *forkers = forkers_new();
	int fd = cgroup_new("a");
	uint64_t seen;

	cgroup_new("b");
	watch_new();
	kv_cgroup(watch.view, fd);
	start_in("b", forkers);
	for (int i = 0; i < 30; i++) {
		for (int j = 0; j < FORKERS; j++)
			cgroup_move(i % 2 ? "b" : "a", forkers->pids[j]);
		usleep(i * 3571 % 20000);
	}
	/* All out, but for the last children, whose cgroup is where they were forked. */
	WAIT_FOR(watch_members() == 0);
	seen = *watch.counter.value;
	usleep(100000);
	CHECK_EQUAL(*watch.counter.value, seen);
	forkers_stop(forkers);
	CHECK_EQUAL(kv_view_info(watch.view).lost, 0);
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
				forker_call();
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

	watch_new();
	kv_follow(watch.view, one.pid);
	alone = kv_view_info(watch.view);
	CHECK_EQUAL(kv_try_member_remove(watch.view, one.pid), 0);
	start_many(go, done);
	start = test_now();
	kv_cgroup(watch.view, fd);
	all = kv_view_info(watch.view);
	test_note("%d processes in %ld ms, %llu bytes; one: %llu", MANY, test_now() - start, (unsigned long long)all.bytes,
		  (unsigned long long)alone.bytes);
	CHECK_EQUAL(all.members, MANY);
	CHECK_EQUAL(all.text_pages, alone.text_pages);
	CHECK_EQUAL(all.table_pages, alone.table_pages);
	CHECK(all.bytes - alone.bytes < MANY * 256);
	expect_all_called(go, done);
	watch_expect(MANY * FORKER_CALLS);
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
	watch.counter = counter_new(BPF_PROG_TYPE_KPROBE);
	tool = CHECK_CALL(fork());
	if (!tool) {
		watch.view = kv_view();
		kv_entry(watch.view, watch.counter.prog, WATCH_FUNCTION);
		kv_cgroup(watch.view, fd);
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
	watch_expect(0);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(added_under_load), TEST_CASE(exact_under_load), TEST_CASE(moved_under_load), TEST_CASE(many),
		TEST_CASE(tool_killed),
	};

	test_undo = cgroup_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
