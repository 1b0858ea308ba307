// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/*
 * As context.c, at system calls: by their tracepoints, which have a record, and by the raw ones.
 */
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "observer.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

static int open_tracepoint(const char *name)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .type = PERF_TYPE_TRACEPOINT, .sample_period = 1 };
	char path[256];

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/%s/id", name);
	attr.config = test_read_number(path);
	return kernel_event(&attr);
}

static int kernel_tracepoint(int prog, const char *name)
{
	return kernel_attach(open_tracepoint(name), prog);
}

static void expect_same_tracepoint(struct observer *kernel, struct observer *kview, int words)
{
	struct context_record kernels = observer_take(kernel), ours = observer_take(kview);

	expect_same_task(&ours, &kernels);
	for (int i = 0; i < words; i++)
		CHECK_EQUAL(ours.args[i], kernels.args[i]);
	CHECK_EQUAL(kernels.cookie, KERNEL_COOKIE);
	CHECK_EQUAL(ours.cookie, KVIEW_COOKIE);
	expect_same_user_stack(&ours, &kernels);
	/* The return addresses in do_syscall_64() differ, since kview stands in a later function; the entry code is one. */
	expect_same_outer_frames(&ours, &kernels, 1);
	expect_stored_stacks(kview, &ours, 0);
}

static void tracepoint_enter(void)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	int view = kv_view();

	kv_member(view, member.pid);
	kernel_tracepoint(kernel.enter, "sys_enter_epoll_ctl");
	observer_link(view, KVIEW_HOOK_TP_ENTER, kview.enter);
	subject_call(&member, 1);
	expect_same_tracepoint(&kernel, &kview, 5);
}

static void tracepoint_exit(void)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	int view = kv_view();

	kv_member(view, member.pid);
	kernel_tracepoint(kernel.exit, "sys_exit_epoll_ctl");
	observer_link(view, KVIEW_HOOK_TP_EXIT, kview.exit);
	subject_call(&member, 1);
	expect_same_tracepoint(&kernel, &kview, 2);
}

static void expect_same_raw(__u32 kind, const char *tracepoint)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view();

	kv_member(view, member.pid);
	raw_tracepoint_attach(kernel.raw, tracepoint);
	observer_link(view, kind, kview.raw);
	subject_call(&member, 1);
	ours = observer_take(&kview);
	kernels = observer_take(&kernel);
	expect_same_task(&ours, &kernels);
	CHECK_EQUAL(ours.args[0], kernels.args[0]);
	CHECK_EQUAL(ours.args[1], kernels.args[1]);
	CHECK(!memcmp(&ours.regs, &kernels.regs, sizeof(ours.regs)));
	expect_same_user_stack(&ours, &kernels);
	expect_same_outer_frames(&ours, &kernels, 1);
	expect_stored_stacks(&kview, &ours, 1);
}

static void raw_enter(void)
{
	expect_same_raw(KVIEW_HOOK_RAW_ENTER, "sys_enter");
}

static void raw_exit(void)
{
	expect_same_raw(KVIEW_HOOK_RAW_EXIT, "sys_exit");
}

/* A program that reads @size bytes at @offset of its context. */
static int reader(int offset, int size)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_LDX | BPF_MEM | (size == 8 ? BPF_DW : BPF_W), BPF_REG_0, BPF_REG_1, offset, 0),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};

	return program_load(BPF_PROG_TYPE_TRACEPOINT, insns, 3);
}

/* From far beyond the record inwards, until the kernel takes the program. */
static void expect_same_limit(int view, const char *name, long number, __u32 kind)
{
	int event, kernels = -1, ours;
	char tracepoint[64];

	snprintf(tracepoint, sizeof(tracepoint), "sys_%s_%s", kind == KVIEW_HOOK_TP_ENTER ? "enter" : "exit", name);
	event = open_tracepoint(tracepoint);
	for (int offset = 64; kernels && offset >= 8; offset -= 4) {
		int prog = reader(offset, offset % 8 ? 4 : 8);

		kernels = ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) < 0 ? -errno : 0;
		ours = kv_try_syscall(view, kind, prog, number);
		if (ours >= 0)
			close(ours);
		if ((ours < 0 ? ours : 0) != kernels)
			FAIL("%s, offset %d: kernel %d, kview %d", tracepoint, offset, kernels, ours);
		if (ours < 0)
			CHECK_EQUAL(kv_reason, KVIEW_WHY_PROG_CONTEXT);
		close(prog);
	}
	close(event);
}

/* Programs that read beyond the record are refused where the kernel refuses them. */
static void record_limits(void)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = { { "getppid", SYS_getppid }, { "read", SYS_read }, { "mmap", SYS_mmap } };
	int view = kv_view();

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		expect_same_limit(view, calls[i].name, calls[i].number, KVIEW_HOOK_TP_ENTER);
		expect_same_limit(view, calls[i].name, calls[i].number, KVIEW_HOOK_TP_EXIT);
	}
}

TEST_MAIN(TEST_CASE(tracepoint_enter), TEST_CASE(tracepoint_exit), TEST_CASE(raw_enter), TEST_CASE(raw_exit),
	  TEST_CASE(record_limits))
