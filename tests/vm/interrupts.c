// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Interrupts run on the page tables of whoever they came upon: hooks skip them, or take them where that was asked for. */
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define TICK "update_process_times" /* in each timer interrupt of a busy CPU */

static void nothing(void)
{
}

static int attach(int view, __u32 kind, int prog, const char *function, __u32 flags)
{
	struct kview_target target = { .name = (unsigned long)function };

	return kv_try_link_flags(view, kind, flags, prog, &target, 1);
}

/* Two programs at one place, with and without interrupts; what the one takes the other skips. */
static void ticks(__u32 kind, struct counter with, struct counter without)
{
	struct subject member = subject_new_calling(2, nothing);
	int view = kv_view(), both[2];
	struct kview_link_info taking, skipping;

	kv_member(view, member.pid);
	/* In one step for both: a view without members. */
	CHECK_EQUAL(kv_try_member_remove(view, member.pid), 0);
	CHECK((both[0] = attach(view, kind, with.prog, TICK, KVIEW_LINK_INTERRUPTS)) >= 0);
	CHECK((both[1] = attach(view, kind, without.prog, TICK, 0)) >= 0);
	kv_member(view, member.pid);
	subject_start(&member);
	WAIT_FOR(*with.value > 50);
	subject_stop(&member);
	CHECK_EQUAL(kv_try_member_remove(view, member.pid), 0);
	taking = kv_link_info(both[0]);
	skipping = kv_link_info(both[1]);
	CHECK_EQUAL(*without.value, 0);
	CHECK_EQUAL(skipping.runs, 0);
	CHECK_EQUAL(*with.value, taking.runs);
	CHECK_EQUAL(taking.runs + taking.missed + taking.skipped, skipping.skipped);
	test_note("%llu ticks taken, %llu missed, %llu skipped (borrowed)", (unsigned long long)taking.runs,
		  (unsigned long long)taking.missed, (unsigned long long)taking.skipped);
}

static void kprobes(void)
{
	ticks(KVIEW_HOOK_ENTRY, counter_new(BPF_PROG_TYPE_KPROBE), counter_new(BPF_PROG_TYPE_KPROBE));
}

static void fentries(void)
{
	ticks(KVIEW_HOOK_FENTRY, counter_tracing(BPF_TRACE_FENTRY, TICK, 0), counter_tracing(BPF_TRACE_FENTRY, TICK, 0));
}

/* Calls in task context count the same with and without. */
static void tasks(void)
{
	struct subject member = subject_new(2);
	struct counter with = counter_new(BPF_PROG_TYPE_KPROBE), without = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view();

	kv_member(view, member.pid);
	CHECK(attach(view, KVIEW_HOOK_ENTRY, with.prog, "__x64_sys_getppid", KVIEW_LINK_INTERRUPTS) >= 0);
	CHECK(attach(view, KVIEW_HOOK_ENTRY, without.prog, "__x64_sys_getppid", 0) >= 0);
	subject_call(&member, 500);
	CHECK_EQUAL(*with.value, 1000);
	CHECK_EQUAL(*without.value, 1000);
}

static void refused(void)
{
	int view = kv_view(), prog = program_nothing(BPF_PROG_TYPE_KPROBE);

	CHECK_EQUAL(attach(view, KVIEW_HOOK_RETURN, prog, TICK, KVIEW_LINK_INTERRUPTS), -EINVAL);
	CHECK_EQUAL(attach(view, KVIEW_HOOK_ENTRY, prog, TICK, ~KVIEW_LINK_INTERRUPTS), -EINVAL);
}

TEST_MAIN(TEST_CASE(kprobes), TEST_CASE(fentries), TEST_CASE(tasks), TEST_CASE(refused))
