// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --cpus 1
/* Counts are exact: every call of a member and no other, whatever else is attached, detached and moved meanwhile. */
#include <sys/syscall.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define SUBJECTS 6 /* every second one is a member */
#define THREADS 3
#define CALLS 2000
#define ROUNDS 30

#define FUNCTION "__x64_sys_getppid"

static bool is_member(int index)
{
	return index % 2;
}

/* All subjects at the same time. */
static void call_all(struct subject *subjects)
{
	for (int i = 0; i < SUBJECTS; i++)
		subject_start(&subjects[i]);
	usleep(300000);
}

static uint64_t stop_all(struct subject *subjects, uint64_t calls[SUBJECTS])
{
	uint64_t sum = 0;

	for (int i = 0; i < SUBJECTS; i++) {
		calls[i] = subject_stop(&subjects[i]);
		sum += is_member(i) ? calls[i] : 0;
	}
	return sum;
}

/* Each member's calls are counted, by a program that looks at who calls and by one that does not. */
static void expect_exact(__u32 kind, enum bpf_prog_type type)
{
	struct subject subjects[SUBJECTS];
	struct counter all = counter_new(type), each[SUBJECTS];
	uint64_t calls[SUBJECTS], sum;
	int view = kv_view(), link;

	for (int i = 0; i < SUBJECTS; i++) {
		subjects[i] = subject_new(THREADS);
		each[i] = counter_of(type, subjects[i].pid);
		if (is_member(i))
			kv_member(view, subjects[i].pid);
	}
	if (kind == KVIEW_HOOK_ENTRY)
		link = kv_entry(view, all.prog, FUNCTION);
	else
		link = kv_syscall(view, kind, all.prog, SYS_getppid);
	for (int i = 0; i < SUBJECTS; i++)
		kind == KVIEW_HOOK_ENTRY ? kv_entry(view, each[i].prog, FUNCTION) :
					   kv_syscall(view, kind, each[i].prog, SYS_getppid);
	call_all(subjects);
	sum = stop_all(subjects, calls);
	CHECK_EQUAL(*all.value, sum);
	CHECK_EQUAL(kv_link_info(link).runs, sum);
	CHECK_EQUAL(kv_link_info(link).missed, 0);
	for (int i = 0; i < SUBJECTS; i++)
		CHECK_EQUAL(*each[i].value, is_member(i) ? calls[i] : 0);
}

static void entry(void)
{
	expect_exact(KVIEW_HOOK_ENTRY, BPF_PROG_TYPE_KPROBE);
}

static void syscall_enter(void)
{
	expect_exact(KVIEW_HOOK_TP_ENTER, BPF_PROG_TYPE_TRACEPOINT);
}

static void syscall_exit(void)
{
	expect_exact(KVIEW_HOOK_TP_EXIT, BPF_PROG_TYPE_TRACEPOINT);
}

/* A view with one member that calls all the time, and the link that must count each of these calls. */
struct watched {
	struct subject member;
	struct counter counter;
	int view, link;
};

static struct watched watch(void)
{
	struct watched watched = { .member = subject_new(THREADS), .counter = counter_new(BPF_PROG_TYPE_KPROBE) };

	watched.view = kv_view();
	kv_member(watched.view, watched.member.pid);
	watched.link = kv_entry(watched.view, watched.counter.prog, FUNCTION);
	subject_start(&watched.member);
	return watched;
}

/* Nobody rewrites kernel text meanwhile, so there is no excuse for a lost event. */
static void expect_all_counted(struct watched *watched)
{
	uint64_t calls = subject_stop(&watched->member);
	struct kview_link_info info = kv_link_info(watched->link);

	CHECK(calls);
	CHECK_EQUAL(info.runs + info.missed, calls);
	CHECK_EQUAL(*watched->counter.value, info.runs);
	CHECK_EQUAL(kv_view_info(watched->view).aside_count, 0);
	if (info.missed)
		test_note("%llu of %llu missed", (unsigned long long)info.missed, (unsigned long long)calls);
}

static void other_link_comes_and_goes(void)
{
	struct watched watched = watch();
	struct counter other = counter_new(BPF_PROG_TYPE_KPROBE);

	for (int i = 0; i < ROUNDS; i++)
		close(kv_entry(watched.view, other.prog, FUNCTION));
	expect_all_counted(&watched);
	CHECK(*other.value <= *watched.counter.value);
}

static void other_hooks_come_and_go(void)
{
	static const char *const functions[] = { "__x64_sys_getpid", "__x64_sys_gettid", "vfs_read", "do_sys_openat2" };
	struct watched watched = watch();
	int other = program_nothing(BPF_PROG_TYPE_KPROBE);

	for (int i = 0; i < ROUNDS; i++)
		close(kv_entry(watched.view, other, functions[i % 4]));
	expect_all_counted(&watched);
}

static void other_members_come_and_go(void)
{
	struct watched watched = watch();
	struct subject other = subject_new(1), passing = subject_new(1);

	for (int i = 0; i < ROUNDS / 3; i++) {
		kv_member(watched.view, other.pid);
		kv_member(watched.view, passing.pid);
		CHECK_EQUAL(kv_try_member_remove(watched.view, other.pid), 0);
		subject_end(&passing);
		passing = subject_new(1);
	}
	expect_all_counted(&watched);
}

/* The member moves between the page tables of one view and those of both. */
static void other_view_comes_and_goes(void)
{
	struct watched watched = watch();
	struct counter other = counter_new(BPF_PROG_TYPE_KPROBE);

	for (int i = 0; i < ROUNDS; i++) {
		int view = kv_view();

		kv_entry(view, other.prog, FUNCTION);
		kv_member(view, watched.member.pid);
		close(view);
	}
	expect_all_counted(&watched);
	CHECK(*other.value <= *watched.counter.value);
}

/* While a link is there it counts; before and after it does not: over many links the sum is what its own spans saw. */
static void spans_are_exact(void)
{
	struct subject member = subject_new(THREADS);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();
	uint64_t counted = 0;

	kv_member(view, member.pid);
	for (int i = 0; i < ROUNDS; i++) {
		int link = kv_entry(view, counter.prog, FUNCTION);

		counted += THREADS * 100;
		subject_call(&member, 100);
		CHECK_EQUAL(*counter.value, counted);
		close(link);
		subject_call(&member, 100);
		CHECK_EQUAL(*counter.value, counted);
	}
}

TEST_MAIN(TEST_CASE(entry), TEST_CASE(syscall_enter), TEST_CASE(syscall_exit), TEST_CASE(other_link_comes_and_goes),
	  TEST_CASE(other_hooks_come_and_go), TEST_CASE(other_members_come_and_go),
	  TEST_CASE(other_view_comes_and_goes), TEST_CASE(spans_are_exact))
