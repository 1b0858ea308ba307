// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --pti --cpus 1
// timeout: 300
/*
 * Others switch the very tracepoint on and off that members have hooked, and put breakpoints everywhere around it: the
 * machine stays whole, nothing is lost from outside, and what a member loses while it patches itself is counted.
 */
#include <sys/prctl.h>

#include "programs.h"
#include "subject.h"
#include "symbols.h"
#include "testlib.h"
#include "tracepoints.h"

#define THREADS 3
#define ROUNDS 5
#define TRACING "/sys/kernel/tracing/"
#define EVENT TRACING "events/task/task_rename/enable"
#define FUNCTION "__set_task_comm" /* where task_rename stands */
#define FUNCTION_MAX 256

/* With a nap now and then, see coherence.c. */
static void do_rename(void)
{
	static __thread unsigned int calls;

	if (!(++calls % 64))
		usleep(200);
	prctl(PR_SET_NAME, "renamed");
}

static void let_them_call(void)
{
	usleep(20000);
}

/* --- patchers ------------------------------------------------------------------------------------------------------- */

static void tracefs(void)
{
	test_set(EVENT, "1");
	let_them_call();
	test_set(EVENT, "0");
}

/* One probe is called directly, several by the iterator, and the way changes while they come and go. */
static void raw_tracepoints(void)
{
	int first = raw_tracepoint_attach(program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), "task_rename"), second;

	let_them_call();
	second = raw_tracepoint_attach(program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), "task_rename");
	let_them_call();
	close(first);
	let_them_call();
	close(second);
}

static void perf_event(void)
{
	int event = tracepoint_attach(program_nothing(BPF_PROG_TYPE_TRACEPOINT), "task/task_rename");

	let_them_call();
	close(event);
}

/* On every instruction, among them those that are patched; long enough for the optimizer to turn some into jumps. */
static void kprobes(void)
{
	int prog = program_nothing(BPF_PROG_TYPE_KPROBE), events[FUNCTION_MAX], count = 0;

	for (int i = 0; i < FUNCTION_MAX; i++) {
		int event = kprobe_attach(prog, FUNCTION, i, false);

		if (event >= 0)
			events[count++] = event;
	}
	CHECK(count > 20);
	usleep(100000);
	while (count)
		close(events[--count]);
	close(prog);
}

/* One after the other: a probe next to others is not optimized. */
static void single_kprobes(void)
{
	int prog = program_nothing(BPF_PROG_TYPE_KPROBE);

	for (int i = 0; i < FUNCTION_MAX; i += 3) {
		int event = kprobe_attach(prog, FUNCTION, i, false);

		if (event < 0)
			continue;
		usleep(60000);
		close(event);
	}
	close(prog);
}

static void all_events(void)
{
	test_set(TRACING "events/task/enable", "1");
	test_set(TRACING "events/sched/enable", "1");
	let_them_call();
	test_set(TRACING "events/sched/enable", "0");
	test_set(TRACING "events/task/enable", "0");
}

static void function_tracer(void)
{
	test_set(TRACING "set_ftrace_filter", FUNCTION "\n");
	test_set(TRACING "current_tracer", "function");
	let_them_call();
	test_set(TRACING "current_tracer", "nop");
}

/* --- against members -------------------------------------------------------------------------------------------------- */

struct watched {
	struct subject member, other;
	struct counter counter;
	int view, link;
};

/* A member that may patch, and an outsider next to it. */
static struct watched watch(void)
{
	struct watched watched = {
		.member = subject_new_calling(THREADS, do_rename),
		.other = subject_new_calling(1, do_rename),
		.counter = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT),
	};

	tracepoint_need("task_rename");
	watched.view = kv_view();
	kv_member(watched.view, watched.member.pid);
	watched.link = kv_tracepoint(watched.view, KVIEW_HOOK_RAW_TP, watched.counter.prog, "task_rename");
	subject_start(&watched.member);
	subject_start(&watched.other);
	return watched;
}

static void expect_counted(struct watched *watched, bool may_lose)
{
	uint64_t calls = subject_stop(&watched->member), seen;
	struct kview_link_info info = kv_link_info(watched->link);
	struct kview_view_info view = kv_view_info(watched->view);

	subject_stop(&watched->other);
	seen = info.runs + info.missed;
	CHECK(calls);
	CHECK(info.runs);
	CHECK_EQUAL(*watched->counter.value, info.runs);
	if (view.aside_count)
		test_note("%llu of %llu seen, %llu windows, %llu us", (unsigned long long)seen, (unsigned long long)calls,
			  view.aside_count, view.aside_ns / 1000);
	if (may_lose && view.aside_count)
		CHECK(seen <= calls);
	else
		CHECK_EQUAL(seen, calls);
	if (!may_lose)
		CHECK_EQUAL(view.aside_count, 0);
}

/* After all of it the hook works, for members only, and so does the tracepoint. */
static void expect_sane(struct watched *watched)
{
	struct counter counter = counter_of(BPF_PROG_TYPE_RAW_TRACEPOINT, watched->member.pid);
	int link = raw_tracepoint_attach(counter.prog, "task_rename");
	uint64_t before = *watched->counter.value;

	subject_call(&watched->other, 100);
	CHECK_EQUAL(*watched->counter.value, before);
	subject_call(&watched->member, 100);
	CHECK_EQUAL(*watched->counter.value, before + 100 * THREADS);
	CHECK_EQUAL(*counter.value, 100 * THREADS);
	close(link);
	subject_call(&watched->member, 100);
	CHECK_EQUAL(*watched->counter.value, before + 200 * THREADS);
	CHECK_EQUAL(*counter.value, 100 * THREADS);
}

static void from_outside(void (*patch)(void), int rounds, bool may_lose)
{
	struct watched watched = watch();

	for (int i = 0; i < rounds; i++)
		patch();
	expect_counted(&watched, may_lose);
	expect_sane(&watched);
}

static void run_patch(void *argument)
{
	((void (*)(void))argument)();
}

static void from_inside(void (*patch)(void), int rounds)
{
	struct watched watched = watch();

	for (int i = 0; i < rounds; i++)
		subject_do(&watched.member, run_patch, patch);
	/* Whoever stepped out comes back at once, but not in this very instant. */
	usleep(200000);
	expect_counted(&watched, true);
	expect_sane(&watched);
}

/* @may_lose: from outside, too: the optimizer is a kernel thread, for which pages go aside. */
#define PATCHER(name, rounds, may_lose)                   \
	static void name##_outside(void)                  \
	{                                                 \
		from_outside(name, rounds, may_lose);     \
	}                                                 \
	static void name##_inside(void)                   \
	{                                                 \
		from_inside(name, rounds);                \
	}

PATCHER(tracefs, ROUNDS, false)
PATCHER(raw_tracepoints, ROUNDS, false)
PATCHER(perf_event, ROUNDS, false)
PATCHER(kprobes, 1, true)
PATCHER(single_kprobes, 1, true)
PATCHER(all_events, 2, false)
PATCHER(function_tracer, 2, false)

/* Hooks come and go while others throw the switch, from the same process. */
static void hooks_come_and_go(void)
{
	struct watched watched = watch();
	struct counter counter = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT);

	for (int i = 0; i < 20; i++) {
		int view = kv_view(), link = kv_tracepoint(view, KVIEW_HOOK_RAW_TP, counter.prog, "task_rename");

		kv_member(view, watched.member.pid);
		kv_member(view, watched.other.pid);
		subject_begin(i % 2 ? &watched.member : &watched.other, run_patch, tracefs);
		usleep(i * 1000);
		close(link);
		close(view);
		subject_done(i % 2 ? &watched.member : &watched.other);
	}
	usleep(200000);
	expect_counted(&watched, true);
	expect_sane(&watched);
}

static void undo(void)
{
	test_write(TRACING "current_tracer", "nop");
	test_write(TRACING "set_ftrace_filter", "*\n");
	test_write(TRACING "events/enable", "0");
}

#define BOTH(name) TEST_CASE(name##_outside), TEST_CASE(name##_inside)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		BOTH(tracefs),	  BOTH(raw_tracepoints), BOTH(perf_event),	BOTH(kprobes),
		BOTH(single_kprobes), BOTH(all_events),	BOTH(function_tracer), TEST_CASE(hooks_come_and_go),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
