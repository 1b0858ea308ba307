// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 120
/*
 * Every allocation fails once: of each request the first, then the second, and so on, until it gets through untouched.
 * What is asked for either works or is refused with ENOMEM, and then nothing of it is there; what is taken down is
 * taken down.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cgroups.h"
#include "faults.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"
#include "tracepoints.h"

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

/* Another kind of hook, the place of one, and what reaches it. */
struct kind {
	__u32 kind;
	struct kview_target target;
	void (*call)(void);
	struct counter (*load)(const char *name);
};

static const struct kind *kind;

static struct counter load_kprobe(const char *name)
{
	(void)name;
	return counter_new(BPF_PROG_TYPE_KPROBE);
}

static struct counter load_multi(const char *name)
{
	(void)name;
	return counter_multi(BPF_TRACE_KPROBE_MULTI);
}

static struct counter load_session(const char *name)
{
	(void)name;
	return counter_multi(TRACE_KPROBE_SESSION);
}

static struct counter load_fentry(const char *name)
{
	return counter_tracing(BPF_TRACE_FENTRY, name, 0);
}

static struct counter load_fexit(const char *name)
{
	return counter_tracing(BPF_TRACE_FEXIT, name, 0);
}

static struct counter load_typed(const char *name)
{
	return counter_tracing(BPF_TRACE_RAW_TP, name, 0);
}

static struct counter load_raw(const char *name)
{
	(void)name;
	return counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT);
}

static struct counter load_event(const char *name)
{
	(void)name;
	return counter_new(BPF_PROG_TYPE_TRACEPOINT);
}

static void rename_itself(void)
{
	prctl(PR_SET_NAME, "renamed");
}

#define NAMED(text) { .name = (unsigned long)(text) }

static int try_kind(void)
{
	struct kview_target target = kind->target;

	/* A tracing program knows its function itself. */
	if (kind->kind == KVIEW_HOOK_FENTRY || kind->kind == KVIEW_HOOK_FEXIT)
		target.name = 0;
	return kv_try_link(view, kind->kind, counter.prog, &target, 1);
}

/* Nothing, all, or for hooks on every system call more than that. */
static void check_kind(int result)
{
	uint64_t before = *counter.value;

	CHECK_EQUAL(kv_view_info(view).links, result >= 0);
	subject_call(&member, CALLS);
	if (result < 0)
		CHECK_EQUAL(*counter.value, before);
	else
		CHECK(*counter.value - before >= CALLS);
	close(result);
	before = *counter.value;
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, before);
}

static void try_one_kind(const struct kind *which)
{
	const char *name = (const char *)(unsigned long)which->target.name;

	if (which->kind >= KVIEW_HOOK_RAW_TP && tracepoint_is_checked(basename(name))) {
		test_note("kind %u: %s: this kernel's code checks all accesses", which->kind, name);
		return;
	}
	kind = which;
	member = subject_new_calling(1, which->call);
	counter = which->load(name);
	view = kv_view();
	kv_member(view, member.pid);
	/* What the module finds out once it keeps, as far as it got: so the first round may step over what comes later. */
	for (int i = 0; i < 2; i++)
		with_each_failing(try_kind, check_kind);
	close(view);
	subject_end(&member);
	counter_free(&counter);
}

static void all_kinds(void)
{
	const struct kind kinds[] = {
		{ KVIEW_HOOK_RETURN, NAMED(FUNCTION), subject_getppid, load_kprobe },
		{ KVIEW_HOOK_TP_ENTER, { .value = SYS_getppid }, subject_getppid, load_event },
		{ KVIEW_HOOK_TP_EXIT, { .value = SYS_getppid }, subject_getppid, load_event },
		{ KVIEW_HOOK_RAW_ENTER, {}, subject_getppid, load_raw },
		{ KVIEW_HOOK_RAW_EXIT, {}, subject_getppid, load_raw },
		{ KVIEW_HOOK_FENTRY, NAMED("vfs_read"), subject_read, load_fentry },
		{ KVIEW_HOOK_FEXIT, NAMED("vfs_read"), subject_read, load_fexit },
		{ KVIEW_HOOK_RAW_TP, NAMED("task_rename"), rename_itself, load_raw },
		{ KVIEW_HOOK_BTF_TP, NAMED("task_rename"), rename_itself, load_typed },
		{ KVIEW_HOOK_TP, NAMED("task/task_rename"), rename_itself, load_event },
		{ KVIEW_HOOK_ENTRY, NAMED(FUNCTION), subject_getppid, load_multi },
		{ KVIEW_HOOK_SESSION, NAMED(FUNCTION), subject_getppid, load_session },
	};

	faults_aim();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		try_one_kind(&kinds[i]);
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

static int try_follow(void)
{
	return kv_try_follow(view, member.pid);
}

static void followed(void)
{
	set_up();
	kv_entry(view, counter.prog, FUNCTION);
	with_each_failing(try_follow, check_member);
}

static int cgroup;

static int try_cgroup(void)
{
	return kv_try_cgroup(view, cgroup);
}

static void check_cgroup(int result)
{
	CHECK_EQUAL(kv_view_info(view).members, !result);
	CHECK_EQUAL(kv_view_info(view).cgroups, !result);
	CHECK_EQUAL(runs_per_call(), !result);
	if (result)
		return;
	CHECK_EQUAL(kv_try_cgroup_remove(view, cgroup), 0);
	CHECK_EQUAL(runs_per_call(), 0);
}

/* There is none that could fail: a kernel thread takes down what watches for migrations. */
static void cgroups_removed(void)
{
	set_up();
	cgroup = cgroup_new("a");
	cgroup_move("a", member.pid);
	kv_entry(view, counter.prog, FUNCTION);
	kv_cgroup(view, cgroup);
	faults_nth(1);
	CHECK_EQUAL(kv_try_cgroup_remove(view, cgroup), 0);
	CHECK(!faults_nth_reached());
	CHECK_EQUAL(runs_per_call(), 0);
}

static void cgroups(void)
{
	set_up();
	cgroup = cgroup_new("a");
	cgroup_move("a", member.pid);
	kv_entry(view, counter.prog, FUNCTION);
	with_each_failing(try_cgroup, check_cgroup);
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

/* A child that there was no memory for runs without the view, and is told of. */
static void forks(void)
{
	unsigned int lost = 0, nth;
	uint64_t counted;

	set_up();
	kv_entry(view, counter.prog, FUNCTION);
	for (nth = 1; nth <= 8; nth++) {
		pid_t pid = CHECK_CALL(fork());

		if (!pid) {
			kv_follow(view, getpid());
			faults_nth(nth);
			pid = fork();
			if (pid)
				_exit(test_wait(pid));
			for (int i = 0; i < CALLS; i++)
				syscall(SYS_getppid);
			_exit(0);
		}
		counted = *counter.value;
		CHECK_EQUAL(test_wait(pid), 0);
		counted = *counter.value - counted;
		CHECK(counted == CALLS || !counted);
		lost += !counted;
	}
	test_note("%u of %u children were lost", lost, nth - 1);
	CHECK(lost && lost < nth - 1);
	CHECK_EQUAL(kv_view_info(view).lost, lost);
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
	cgroup_undo();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST_CASE(views), TEST_CASE(links), TEST_CASE(links_for_members), TEST_CASE(all_kinds),
		TEST_CASE(members), TEST_CASE(followed), TEST_CASE(cgroups), TEST_CASE(cgroups_removed),
		TEST_CASE(members_of_another_view), TEST_CASE(links_closed), TEST_CASE(views_closed), TEST_CASE(execs), TEST_CASE(forks), TEST_CASE(patchers),
	};

	if (!faults_possible()) {
		puts("allocations cannot be made to fail on this kernel, but on the one of make check-debug");
		return 77;
	}
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
