// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --pti --cpus 1
// timeout: 240
/*
 * Whoever else patches kernel text, while members call what is hooked: the machine stays whole, members stay counted,
 * and stay visible to the others.
 *
 * Every kind of patcher runs from outside and from inside a member. From outside nothing may be lost at all; a member
 * that rewrites the very function that is hooked may lose events, if the window is counted.
 */
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define THREADS 3
#define ROUNDS 3
#define SLOW_ROUNDS 1 /* what rewrites thousands of places */
/* What is hooked and patched, and what makes members call it. A case may choose another; each is a process of its own. */
static const char *function = "__x64_sys_getppid";
static void (*work)(void) = subject_getppid;

static void hook_getppid(void)
{
}

/* System calls' own functions are not in BTF, which trampolines go by. */
static void hook_vfs_read(void)
{
	function = "vfs_read";
	work = subject_read;
}

#define TRACING "/sys/kernel/tracing/"

/* Long enough for thousands of calls, also where several emulated machines share a processor. */
static void let_them_call(void)
{
	usleep(20000);
}

/* --- patchers: each does its work once and undoes it ---------------------------------------------------------------- */

static void kprobe_at(const char *name, unsigned long offset, bool on_return)
{
	int event = kprobe_attach(program_nothing(BPF_PROG_TYPE_KPROBE), name, offset, on_return);

	if (event < 0)
		FAIL("kprobe at %s+%lu: %s", name, offset, strerror(-event));
	let_them_call();
	close(event);
}

static void kprobe_on_entry(void)
{
	kprobe_at(function, 0, false);
}

/* Behind the entry: 5 bytes of ftrace, on kernels built for IBT behind a 4-byte landing pad. */
static void kprobe_inside(void)
{
	kprobe_at(function, test_kernel() >= 602 ? 9 : 5, false);
}

static void kretprobe(void)
{
	kprobe_at(function, 0, true);
}

/* getppid() lies between the other identity calls of kernel/sys.c: most of them on its page. */
static void kprobes_on_page(void)
{
	static const char *const neighbours[] = { "__x64_sys_getpid", "__x64_sys_gettid", "__x64_sys_getuid",
						  "__x64_sys_geteuid", "__x64_sys_times" };

	for (size_t i = 0; i < sizeof(neighbours) / sizeof(neighbours[0]); i++)
		kprobe_at(neighbours[i], 0, false);
}

/* Functions are named by pattern: ftrace knows system calls by an alias of their name. */
static void trace_with(const char *tracer, const char *functions)
{
	test_set(TRACING "set_ftrace_filter", functions);
	test_set(TRACING "current_tracer", tracer);
	let_them_call();
	test_set(TRACING "current_tracer", "nop");
}

static void function_tracer(void)
{
	trace_with("function", "*sys_getppid\n");
}

static void graph_tracer(void)
{
	trace_with("function_graph", "*sys_getppid\n");
}

/* Every function there is, hooked ones among them. */
static void trace_all(void)
{
	trace_with("function", "*\n");
}

static void fentry(void)
{
	int link = tracing_attach(counter_tracing(BPF_TRACE_FENTRY, function, 0).prog);

	let_them_call();
	close(link);
}

static void fexit(void)
{
	int link = tracing_attach(counter_tracing(BPF_TRACE_FEXIT, function, 0).prog);

	let_them_call();
	close(link);
}

/* Tracepoints: jump labels and static calls. */
static void tracepoints(void)
{
	test_set(TRACING "events/syscalls/sys_enter_getppid/enable", "1");
	test_set(TRACING "events/sched/sched_switch/enable", "1");
	let_them_call();
	test_set(TRACING "events/sched/sched_switch/enable", "0");
	test_set(TRACING "events/syscalls/sys_enter_getppid/enable", "0");
}

static void raw_syscalls(void)
{
	int enter = raw_tracepoint_attach(program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), "sys_enter");
	int exit = raw_tracepoint_attach(program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), "sys_exit");

	let_them_call();
	close(enter);
	close(exit);
}

static void static_keys(void)
{
	test_set("/proc/sys/kernel/sched_schedstats", "1");
	test_set("/proc/sys/kernel/bpf_stats_enabled", "1");
	let_them_call();
	test_set("/proc/sys/kernel/bpf_stats_enabled", "0");
	test_set("/proc/sys/kernel/sched_schedstats", "0");
}

static void static_calls(void)
{
	static const char path[] = "/sys/kernel/debug/sched/preempt";

	if (access(path, W_OK))
		return;
	test_set(path, "full");
	let_them_call();
	test_set(path, "voluntary");
}

static void processors(void)
{
	static const char path[] = "/sys/devices/system/cpu/cpu1/online";

	if (access(path, W_OK))
		return;
	test_set(path, "0");
	let_them_call();
	test_set(path, "1");
	let_them_call();
}

/* --- patchers against members --------------------------------------------------------------------------------------- */

/*
 * The call, with a nap now and then: ftrace waits for RCU several times in each update, which takes an emulated machine
 * twenty seconds when nothing ever leaves a processor idle, with kview or without.
 */
static void call(void)
{
	static __thread unsigned int calls;

	if (!(++calls % 64))
		usleep(200);
	work();
}

struct watched {
	struct subject member;
	struct counter counter, calls;
	int view, entry, syscall;
};

static struct watched watch(void)
{
	struct watched watched = { .member = subject_new_calling(THREADS, call),
				   .counter = counter_new(BPF_PROG_TYPE_KPROBE),
				   .calls = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT) };
	struct subject *member = &watched.member;

	watched.view = kv_view();
	kv_member(watched.view, member->pid);
	watched.entry = kv_entry(watched.view, watched.counter.prog, function);
	watched.syscall = kv_syscall(watched.view, KVIEW_HOOK_RAW_ENTER, watched.calls.prog, 0);
	subject_start(member);
	/* Some patches are over in no time. */
	while (!*watched.counter.value)
		usleep(1000);
	return watched;
}

static void expect_counted(struct watched *watched, bool may_lose)
{
	uint64_t calls = subject_stop(&watched->member), seen;
	struct kview_link_info info = kv_link_info(watched->entry);
	struct kview_view_info view = kv_view_info(watched->view);

	seen = info.runs + info.missed;
	CHECK(calls);
	CHECK(info.runs);
	CHECK_EQUAL(*watched->counter.value, info.runs);
	CHECK_EQUAL(view.aside_now, 0);
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

/* After all of it, hooks must still work for everybody, and only for members. */
static void expect_sane(struct watched *watched)
{
	uint64_t before = *watched->counter.value;
	struct subject outsider = subject_new_calling(1, work);

	subject_call(&outsider, 100);
	CHECK_EQUAL(*watched->counter.value, before);
	subject_call(&watched->member, 100);
	CHECK_EQUAL(*watched->counter.value, before + 100 * THREADS);
	CHECK_EQUAL(test_read_number("/proc/sys/kernel/ftrace_enabled"), 1);
}

static void from_outside(void (*patch)(void), int rounds)
{
	struct watched watched = watch();

	for (int i = 0; i < rounds; i++)
		patch();
	expect_counted(&watched, false);
	expect_sane(&watched);
}

/* What a subject's main thread runs. */
static void run_patch(void *argument)
{
	((void (*)(void))argument)();
}

static void from_inside(void (*patch)(void), int rounds)
{
	struct watched watched = watch();

	for (int i = 0; i < rounds; i++)
		subject_do(&watched.member, run_patch, patch);
	expect_counted(&watched, true);
	expect_sane(&watched);
}

#define PATCHER(name, rounds, prepare)        \
	static void name##_outside(void)     \
	{                                    \
		prepare();                   \
		from_outside(name, rounds);  \
	}                                    \
	static void name##_inside(void)      \
	{                                    \
		prepare();                   \
		from_inside(name, rounds);   \
	}

PATCHER(kprobe_on_entry, ROUNDS, hook_getppid)
PATCHER(kprobe_inside, ROUNDS, hook_getppid)
PATCHER(kretprobe, ROUNDS, hook_getppid)
PATCHER(kprobes_on_page, ROUNDS, hook_getppid)
PATCHER(function_tracer, ROUNDS, hook_getppid)
PATCHER(graph_tracer, ROUNDS, hook_getppid)
PATCHER(trace_all, SLOW_ROUNDS, hook_getppid)
PATCHER(fentry, ROUNDS, hook_vfs_read)
PATCHER(fexit, ROUNDS, hook_vfs_read)
PATCHER(tracepoints, ROUNDS, hook_getppid)
PATCHER(raw_syscalls, ROUNDS, hook_getppid)
PATCHER(static_keys, ROUNDS, hook_getppid)
PATCHER(static_calls, SLOW_ROUNDS, hook_getppid)
PATCHER(processors, SLOW_ROUNDS, hook_getppid)

/* --- the others see members ----------------------------------------------------------------------------------------- */

/* Every call of the member is seen by us and by @counter, which is attached elsewhere. */
static void expect_both(struct watched *watched, const struct counter *counter)
{
	uint64_t ours = *watched->counter.value, theirs = *counter->value;

	subject_stop(&watched->member);
	ours = *watched->counter.value;
	theirs = *counter->value;
	subject_call(&watched->member, 1000);
	CHECK_EQUAL(*watched->counter.value - ours, 1000 * THREADS);
	CHECK_EQUAL(*counter->value - theirs, 1000 * THREADS);
}

static void kprobe_sees_member(void)
{
	struct watched watched = watch();
	struct counter counter = counter_of(BPF_PROG_TYPE_KPROBE, watched.member.pid);

	CHECK(kprobe_attach(counter.prog, function, 0, false) >= 0);
	expect_both(&watched, &counter);
}

static void inner_kprobe_sees_member(void)
{
	struct watched watched = watch();
	struct counter counter = counter_of(BPF_PROG_TYPE_KPROBE, watched.member.pid);

	CHECK(kprobe_attach(counter.prog, function, test_kernel() >= 602 ? 9 : 5, false) >= 0);
	expect_both(&watched, &counter);
}

static void fentry_sees_member(void)
{
	struct watched watched;
	struct counter counter;

	hook_vfs_read();
	watched = watch();
	counter = counter_tracing(BPF_TRACE_FENTRY, function, watched.member.pid);
	tracing_attach(counter.prog);
	expect_both(&watched, &counter);
}

static void fexit_sees_member(void)
{
	struct watched watched;
	struct counter counter;

	hook_vfs_read();
	watched = watch();
	counter = counter_tracing(BPF_TRACE_FEXIT, function, watched.member.pid);
	tracing_attach(counter.prog);
	expect_both(&watched, &counter);
}

static void tracepoint_sees_member(void)
{
	struct watched watched = watch();
	struct counter counter = counter_of(BPF_PROG_TYPE_TRACEPOINT, watched.member.pid);

	tracepoint_attach(counter.prog, "syscalls/sys_enter_getppid");
	expect_both(&watched, &counter);
}

/* A hook on a function that others hold already: everything counts, and goes on when they leave. */
static void expect_on_top(int theirs, const struct counter *counter, struct subject *member)
{
	struct counter ours = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_member(view, member->pid);
	kv_entry(view, ours.prog, function);
	subject_call(member, 500);
	CHECK_EQUAL(*ours.value, 500 * THREADS);
	CHECK_EQUAL(*counter->value, 500 * THREADS);
	close(theirs);
	subject_call(member, 500);
	CHECK_EQUAL(*ours.value, 1000 * THREADS);
	CHECK_EQUAL(*counter->value, 500 * THREADS);
}

static void on_top_of_kprobe(void)
{
	struct subject member = subject_new(THREADS);
	struct counter counter = counter_of(BPF_PROG_TYPE_KPROBE, member.pid);

	expect_on_top(CHECK_CALL(kprobe_attach(counter.prog, function, 0, false)), &counter, &member);
}

static void on_top_of_fentry(void)
{
	struct subject member;
	struct counter counter;

	hook_vfs_read();
	member = subject_new_calling(THREADS, work);
	counter = counter_tracing(BPF_TRACE_FENTRY, function, member.pid);
	expect_on_top(tracing_attach(counter.prog), &counter, &member);
}

static void on_top_of_fexit(void)
{
	struct subject member;
	struct counter counter;

	hook_vfs_read();
	member = subject_new_calling(THREADS, work);
	counter = counter_tracing(BPF_TRACE_FEXIT, function, member.pid);
	expect_on_top(tracing_attach(counter.prog), &counter, &member);
}

#define KPROBES "/sys/kernel/debug/kprobes/enabled"

/* Without its kprobes the module would not learn that what it chains to is freed: so nobody can switch all of them off. */
static void kprobes_stay_on(void)
{
	struct counter ours = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), theirs, err;
	struct subject member;

	hook_vfs_read();
	member = subject_new_calling(THREADS, work);
	theirs = tracing_attach(counter_tracing(BPF_TRACE_FENTRY, function, member.pid).prog);
	kv_member(view, member.pid);
	kv_entry(view, ours.prog, function);
	err = test_write(KPROBES, "0");
	close(theirs);
	subject_start(&member);
	usleep(1000000);
	CHECK_EQUAL(subject_stop(&member), *ours.value);
	CHECK_EQUAL(err, -EBUSY);
	test_set(KPROBES, "1");
	CHECK(test_write(KPROBES, "neither") < 0);
}

/* What a case that failed half-way may have left switched on. */
static void undo(void)
{
	test_write(TRACING "current_tracer", "nop");
	test_write(TRACING "set_ftrace_filter", "*\n");
	test_write(TRACING "events/enable", "0");
	test_write("/proc/sys/kernel/bpf_stats_enabled", "0");
	test_write("/proc/sys/kernel/sched_schedstats", "0");
	test_write("/sys/devices/system/cpu/cpu1/online", "1");
	test_write(KPROBES, "1");
}

#define BOTH(name) TEST_CASE(name##_outside), TEST_CASE(name##_inside)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		BOTH(kprobe_on_entry), BOTH(kprobe_inside), BOTH(kretprobe), BOTH(kprobes_on_page),
		BOTH(function_tracer), BOTH(graph_tracer), BOTH(trace_all), BOTH(fentry), BOTH(fexit),
		BOTH(tracepoints), BOTH(raw_syscalls), BOTH(static_keys), BOTH(static_calls), BOTH(processors),
		TEST_CASE(kprobe_sees_member), TEST_CASE(inner_kprobe_sees_member), TEST_CASE(fentry_sees_member),
		TEST_CASE(fexit_sees_member), TEST_CASE(tracepoint_sees_member),
		TEST_CASE(on_top_of_kprobe), TEST_CASE(on_top_of_fentry), TEST_CASE(on_top_of_fexit),
		TEST_CASE(kprobes_stay_on),
	};

	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
