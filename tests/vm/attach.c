// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// vm: --pti
// vm: --no-la57
/* Each kind of hook runs its program once per event of a member, and never for anybody else. */
#include <sys/syscall.h>

#include "programs.h"
#include "subject.h"
#include "symbols.h"
#include "testlib.h"

#define CALLS 500

/* A member and an outsider call; only the member's calls are counted, and none after the link is closed. */
static void expect_counts(int view, int link, const struct counter *counter)
{
	struct subject member = subject_new(2), outsider = subject_new(1);

	kv_member(view, member.pid);
	subject_call(&member, CALLS);
	subject_call(&outsider, CALLS);
	CHECK_EQUAL(*counter->value, 2 * CALLS);
	CHECK_EQUAL(kv_link_info(link).runs, 2 * CALLS);
	CHECK_EQUAL(kv_link_info(link).missed, 0);

	close(link);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter->value, 2 * CALLS);
	subject_end(&member);
	subject_end(&outsider);
}

static void entry_by_name(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	expect_counts(view, kv_entry(view, counter.prog, "__x64_sys_getppid"), &counter);
}

static void entry_by_address(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct kview_target target = { .value = symbol_address("__x64_sys_getppid") };
	int view = kv_view();
	int link = CHECK_CALL(kv_try_link(view, KVIEW_HOOK_ENTRY, counter.prog, &target, 1));

	expect_counts(view, link, &counter);
}

static void syscall_enter(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_TRACEPOINT);
	int view = kv_view();

	expect_counts(view, kv_syscall(view, KVIEW_HOOK_TP_ENTER, counter.prog, SYS_getppid), &counter);
}

static void syscall_exit(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_TRACEPOINT);
	int view = kv_view();

	expect_counts(view, kv_syscall(view, KVIEW_HOOK_TP_EXIT, counter.prog, SYS_getppid), &counter);
}

/* A raw tracepoint program sees all system calls: the kernel's own tracepoint says how many those are. */
static void expect_all_calls(__u32 kind, const char *tracepoint)
{
	struct subject member = subject_new(2);
	struct counter all = counter_of(BPF_PROG_TYPE_RAW_TRACEPOINT, member.pid);
	struct counter counter = counter_new(BPF_PROG_TYPE_RAW_TRACEPOINT);
	int view = kv_view(), event;

	kv_member(view, member.pid);
	kv_syscall(view, kind, counter.prog, 0);
	event = raw_tracepoint_attach(all.prog, tracepoint);
	/* From and to a moment when all threads wait. */
	usleep(100000);
	*all.value = *counter.value = 0;
	subject_call(&member, CALLS);
	usleep(100000);
	CHECK(*counter.value >= 2 * CALLS);
	CHECK_EQUAL(*counter.value, *all.value);
	close(event);
}

static void raw_enter(void)
{
	expect_all_calls(KVIEW_HOOK_RAW_ENTER, "sys_enter");
}

static void raw_exit(void)
{
	expect_all_calls(KVIEW_HOOK_RAW_EXIT, "sys_exit");
}

/* One link, one program, all these places: each call counts at each place it passes. */
static void several_targets(void)
{
	struct subject member = subject_new_calling(1, subject_read);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct kview_target targets[] = {
		{ .name = (unsigned long)"__x64_sys_read" },
		{ .name = (unsigned long)"ksys_read" },
		{ .name = (unsigned long)"vfs_read" },
	};
	int view = kv_view(), link;

	link = CHECK_CALL(kv_try_link(view, KVIEW_HOOK_ENTRY, counter.prog, targets, 3));
	kv_member(view, member.pid);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 3 * CALLS);
	CHECK_EQUAL(kv_link_info(link).hooks, 3);
	CHECK_EQUAL(kv_link_info(link).runs, 3 * CALLS);
}

/* The order does not matter: members first, links first. */
static void links_before_members(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct subject member = subject_new(1);
	int view = kv_view();

	kv_entry(view, counter.prog, "__x64_sys_getppid");
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 0);
	kv_member(view, member.pid);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK_EQUAL(kv_try_member_remove(view, member.pid), 0);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
}

TEST_MAIN(TEST_CASE(entry_by_name), TEST_CASE(entry_by_address), TEST_CASE(syscall_enter), TEST_CASE(syscall_exit),
	  TEST_CASE(raw_enter), TEST_CASE(raw_exit), TEST_CASE(several_targets), TEST_CASE(links_before_members))
