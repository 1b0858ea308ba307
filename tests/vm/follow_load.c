// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/* Followed members that fork and exec without pause, while programs, views and tools come and go: nothing is missed. */
#include <signal.h>

#include "forkers.h"
#include "programs.h"
#include "testlib.h"
#include "watch.h"

/* This process and those it has started are members. */
static struct forkers *follow_forkers(void)
{
	struct forkers *forkers = forkers_new();

	watch_new();
	kv_follow(watch.view, getpid());
	forkers_start(forkers);
	return forkers;
}

/* Programs come and go while processes come and go; the one that stays misses nothing. */
static void forking_under_attach(void)
{
	struct counter at_times = counter_new(BPF_PROG_TYPE_KPROBE);
	struct forkers *forkers = follow_forkers();
	long end = test_now() + 4000;
	int rounds = 0;

	while (test_now() < end) {
		int link = kv_entry(watch.view, at_times.prog, rounds % 2 ? WATCH_FUNCTION : "wake_up_new_task");
		int second = kv_entry(watch.view, at_times.prog, rounds % 3 ? "begin_new_exec" : "do_exit");

		usleep(20000);
		close(link);
		usleep(rounds++ % 5 * 5000);
		close(second);
	}
	forkers_stop(forkers);
	test_note("%d rounds, %llu calls, %llu processes", rounds, (unsigned long long)forkers->calls,
		  (unsigned long long)kv_view_info(watch.view).joined);
	CHECK(*at_times.value > 0);
	CHECK_EQUAL(*watch.counter.value, forkers->calls);
	CHECK_EQUAL(kv_view_info(watch.view).lost, 0);
	CHECK_EQUAL(kv_view_info(watch.view).members, 1);
}

/* Views open and close over a tree that never stops to fork; the oldest misses nothing. */
static void forking_under_views(void)
{
	struct counter at_times = counter_new(BPF_PROG_TYPE_KPROBE);
	struct forkers *forkers = follow_forkers();
	long end = test_now() + 4000;
	int rounds = 0;

	while (test_now() < end) {
		int other = kv_view();

		kv_entry(other, at_times.prog, WATCH_FUNCTION);
		kv_follow(other, forkers->pids[rounds % FORKERS]);
		usleep(30000);
		if (rounds++ % 2)
			CHECK_EQUAL(kv_try_member_remove(other, forkers->pids[(rounds - 1) % FORKERS]), 0);
		close(other);
	}
	forkers_stop(forkers);
	test_note("%d rounds, %llu calls, %llu at times", rounds, (unsigned long long)forkers->calls,
		  (unsigned long long)*at_times.value);
	CHECK(*at_times.value > 0);
	CHECK_EQUAL(*watch.counter.value, forkers->calls);
	CHECK_EQUAL(kv_view_info(watch.view).lost, 0);
}

/* Added in the middle of its forks: whatever it forks after that is in. */
static void added_while_forking(void)
{
	struct forkers *forkers = forkers_new();

	watch_new();
	for (int i = 0; i < 20; i++) {
		pid_t pid = forkers_start_one(forkers);
		uint64_t before, seen;

		usleep(20000 + i * 1337 % 20000);
		kv_follow(watch.view, pid);
		before = forkers->calls;
		usleep(50000);
		forkers->stop = true;
		CHECK_EQUAL(test_wait(pid), 0);
		seen = *watch.counter.value;
		/* The child that was running when its parent was added is out, and may have been counted in "before". */
		if (seen + FORKER_CALLS_AT_ONCE < forkers->calls - before)
			FAIL("round %d: %llu calls seen of at least %llu", i, (unsigned long long)seen,
			     (unsigned long long)(forkers->calls - before));
		*forkers = (struct forkers){};
		*watch.counter.value = 0;
	}
	CHECK_EQUAL(kv_view_info(watch.view).lost, 0);
}

/* The tool is killed with a tree under it, which goes on as if nothing had been. */
static void tool_killed(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct forkers *forkers = forkers_new();
	struct kview_info info;
	int ready[2];
	pid_t tool, forker = forkers_start_one(forkers);
	uint64_t calls, seen;
	char byte;

	CHECK_CALL(pipe(ready));
	tool = CHECK_CALL(fork());
	if (!tool) {
		int view = kv_view();

		kv_entry(view, counter.prog, WATCH_FUNCTION);
		kv_follow(view, forker);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	CHECK_EQUAL(read(ready[0], &byte, 1), 1);
	calls = *counter.value;
	WAIT_FOR(*counter.value > calls + 10 * FORKER_CALLS);
	kill(tool, SIGKILL);
	test_wait(tool);
	kv_info(&info);
	CHECK_EQUAL(info.members, 0);
	CHECK_EQUAL(info.images, 0);
	seen = *counter.value;
	calls = forkers->calls;
	WAIT_FOR(forkers->calls > calls + 10 * FORKER_CALLS);
	CHECK_EQUAL(*counter.value, seen);
	forkers->stop = true;
	CHECK_EQUAL(test_wait(forker), 0);
}

TEST_MAIN(TEST_CASE(forking_under_attach), TEST_CASE(forking_under_views), TEST_CASE(added_while_forking),
	  TEST_CASE(tool_killed))
