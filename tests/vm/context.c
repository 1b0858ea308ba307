// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/*
 * Programs get from a view what they get from the kernel's own attach points: the same program is attached by both, to
 * the same process. Here at functions; context_calls.c has system calls.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "observer.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FLAG_IF 0x200
#define FLAG_FIXED 0x2

static int kernel_kprobe(int prog, bool on_return)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = test_read_number("/sys/bus/event_source/devices/kprobe/type"),
		.config = on_return, /* bit 0 of this PMU */
		.kprobe_func = (unsigned long)CONTEXT_FUNCTION,
	};

	return kernel_attach(kernel_event(&attr), prog);
}

#define CHECK_REGISTER(name) CHECK_EQUAL(ours->name, kernels->name)

/* What is the same in every such call. */
static void expect_same_registers(const struct context_regs *ours, const struct context_regs *kernels)
{
	CHECK_REGISTER(ip);
	CHECK_REGISTER(cs);
	CHECK_REGISTER(ss);
	CHECK_REGISTER(orig_ax);
	CHECK_EQUAL(ours->flags & FLAG_IF, kernels->flags & FLAG_IF);
	CHECK_EQUAL(ours->flags & FLAG_FIXED, FLAG_FIXED);
}

/*
 * What is the same for the same event: the stack pointer is random in each system call. A function's arguments, the
 * number of vector registers, and what it has to preserve; r10 and r11 are anybody's.
 */
static void expect_same_event(const struct context_regs *ours, const struct context_regs *kernels)
{
	CHECK_REGISTER(sp);
	CHECK_REGISTER(di);
	CHECK_REGISTER(si);
	CHECK_REGISTER(dx);
	CHECK_REGISTER(cx);
	CHECK_REGISTER(r8);
	CHECK_REGISTER(r9);
	CHECK_REGISTER(ax);
	CHECK_REGISTER(bp);
	CHECK_REGISTER(bx);
	CHECK_REGISTER(r12);
	CHECK_REGISTER(r13);
	CHECK_REGISTER(r14);
	CHECK_REGISTER(r15);
}

static void expect_same_kprobe(const struct context_record *ours, const struct context_record *kernels)
{
	expect_same_task(ours, kernels);
	expect_same_registers(&ours->regs, &kernels->regs);
	CHECK_EQUAL(ours->func_ip, kernels->func_ip);
	CHECK(ours->func_ip);
	CHECK_EQUAL(kernels->cookie, KERNEL_COOKIE);
	CHECK_EQUAL(ours->cookie, KVIEW_COOKIE);
	expect_same_user_stack(ours, kernels);
	CHECK_EQUAL(ours->kernel_bytes, kernels->kernel_bytes);
	expect_same_outer_frames(ours, kernels, ours->kernel_bytes / 8);
}

/* One call with only the kernel's kprobe there, one with only kview's. */
static void kprobe_apart(void)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), link;

	kv_member(view, member.pid);
	link = kernel_kprobe(kernel.kprobe, false);
	subject_call(&member, 1);
	close(link);
	kernels = observer_take(&kernel);

	observer_link(view, KVIEW_HOOK_ENTRY, kview.kprobe);
	subject_call(&member, 1);
	ours = observer_take(&kview);
	expect_same_kprobe(&ours, &kernels);
	expect_stored_stacks(&kview, &ours, 0);
	expect_stored_stacks(&kernel, &kernels, 0);
}

/* Both at once, so at the very same event; attached in either order. */
static void kprobe_together(bool kernel_first)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view();

	kv_member(view, member.pid);
	if (kernel_first)
		kernel_kprobe(kernel.kprobe, false);
	observer_link(view, KVIEW_HOOK_ENTRY, kview.kprobe);
	if (!kernel_first)
		kernel_kprobe(kernel.kprobe, false);
	subject_call(&member, 1);
	ours = observer_take(&kview);
	kernels = observer_take(&kernel);
	expect_same_kprobe(&ours, &kernels);
	expect_same_event(&ours.regs, &kernels.regs);
}

static void kprobe_after_kernels(void)
{
	kprobe_together(true);
}

static void kprobe_before_kernels(void)
{
	kprobe_together(false);
}

/* With kernel.bpf_stats_enabled programs run from another place in the trampoline. */
static void kprobe_timed(void)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME));
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	kv_member(view, member.pid);
	observer_link(view, KVIEW_HOOK_ENTRY, kview.kprobe);
	kernel_kprobe(kernel.kprobe, false);
	subject_call(&member, 1);
	ours = observer_take(&kview);
	kernels = observer_take(&kernel);
	expect_same_kprobe(&ours, &kernels);
	CHECK_CALL(bpf_obj_get_info_by_fd(kview.kprobe, &info, &size));
	CHECK_EQUAL(info.run_cnt, 1);
	CHECK(info.run_time_ns > 0);
	close(stats);
}

/*
 * What a function leaves to its caller: the result, and the registers it has to preserve. But for those of the stack: the
 * kernel's kretprobe sees the function return to kview's trampoline, whose frame they tell of.
 */
static void expect_same_return(const struct context_regs *ours, const struct context_regs *kernels)
{
	CHECK_REGISTER(ax);
	CHECK_REGISTER(bx);
	CHECK_REGISTER(r12);
	CHECK_REGISTER(r13);
	CHECK_REGISTER(r14);
	CHECK_REGISTER(r15);
}

/*
 * The kernel's kretprobe has taken the return address from the stack, so it shows its own trampoline in front of the
 * callers; from there on both are the same.
 */
static void kretprobe_together(bool kernel_first, bool timed)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1;

	kv_member(view, member.pid);
	if (kernel_first)
		kernel_kprobe(kernel.kprobe, true);
	observer_link(view, KVIEW_HOOK_RETURN, kview.kprobe);
	if (!kernel_first)
		kernel_kprobe(kernel.kprobe, true);
	subject_call(&member, 1);
	ours = observer_take(&kview);
	kernels = observer_take(&kernel);
	expect_same_task(&ours, &kernels);
	expect_same_return(&ours.regs, &kernels.regs);
	CHECK_EQUAL(ours.regs.ax, -EFAULT);
	CHECK_EQUAL(ours.func_ip, kernels.func_ip);
	CHECK(ours.func_ip);
	CHECK_EQUAL(kernels.cookie, KERNEL_COOKIE);
	CHECK_EQUAL(ours.cookie, KVIEW_COOKIE);
	expect_same_user_stack(&ours, &kernels);
	expect_same_outer_frames(&ours, &kernels, 2);
	expect_stored_stacks(&kview, &ours, 0);
	close(stats);
}

static void kretprobe_after_kernels(void)
{
	kretprobe_together(true, false);
}

static void kretprobe_before_kernels(void)
{
	kretprobe_together(false, false);
}

static void kretprobe_timed(void)
{
	kretprobe_together(false, true);
}

static int kernel_multi(int prog, enum bpf_attach_type type, bool on_return)
{
	const char *function = CONTEXT_FUNCTION;
	const __u64 cookie = KERNEL_COOKIE;
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi = {
		.flags = on_return ? BPF_F_KPROBE_MULTI_RETURN : 0,
		.cnt = 1,
		.syms = &function,
		.cookies = &cookie,
	});

	/* This libbpf knows the members for kprobe.multi only; a session takes the same ones. */
	if (type == TRACE_KPROBE_SESSION) {
		union bpf_attr attr = { .link_create = { .prog_fd = prog, .attach_type = type } };

		attr.link_create.kprobe_multi.cnt = 1;
		attr.link_create.kprobe_multi.syms = (unsigned long)&function;
		attr.link_create.kprobe_multi.cookies = (unsigned long)&cookie;
		return CHECK_CALL(syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)));
	}
	return CHECK_CALL(bpf_link_create(prog, 0, type, &opts));
}

/* Kernels built without fprobe (Debian's 6.1) load such programs, but can attach them nowhere. */
static bool has_multi(void)
{
	struct kview_info info;

	kv_info(&info);
	return info.features & KVIEW_FEATURE_MULTI;
}

static void expect_no_multi(bool on_return)
{
	struct kview_target target = { .name = (unsigned long)CONTEXT_FUNCTION };
	int view = kv_view(), prog = observer_new(getpid()).multi;

	CHECK(test_kernel() < 612);
	CHECK_EQUAL(kv_try_link(view, on_return ? KVIEW_HOOK_RETURN : KVIEW_HOOK_ENTRY, prog, &target, 1), -EOPNOTSUPP);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_PROG_MULTI);
}

/* kprobe.multi has another run context. What the kernel's shows of registers differs between versions (fprobe). */
static void expect_same_multi(bool on_return, bool timed)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1;

	kv_member(view, member.pid);
	kernel_multi(kernel.multi, BPF_TRACE_KPROBE_MULTI, on_return);
	observer_link(view, on_return ? KVIEW_HOOK_RETURN : KVIEW_HOOK_ENTRY, kview.multi);
	subject_call(&member, 1);
	ours = observer_take(&kview);
	kernels = observer_take(&kernel);
	expect_same_task(&ours, &kernels);
	CHECK_EQUAL(ours.func_ip, kernels.func_ip);
	CHECK(ours.func_ip);
	CHECK_EQUAL(kernels.cookie, KERNEL_COOKIE);
	CHECK_EQUAL(ours.cookie, KVIEW_COOKIE);
	CHECK_EQUAL(on_return ? (long)ours.regs.ax : -EFAULT, -EFAULT);
	if (!on_return)
		CHECK_EQUAL(ours.regs.di, kernels.regs.di);
	expect_same_user_stack(&ours, &kernels);
	close(stats);
}

static void multi(bool on_return, bool timed)
{
	if (has_multi())
		expect_same_multi(on_return, timed);
	else
		expect_no_multi(on_return);
}

static void multi_entry(void)
{
	multi(false, false);
}

static void multi_return(void)
{
	multi(true, false);
}

static void multi_timed(void)
{
	multi(false, true);
	multi(true, true);
}

#define SESSIONS 5

static void expect_same_session(bool timed)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1, link;

	kv_member(view, member.pid);
	kernel_multi(kernel.session, TRACE_KPROBE_SESSION, false);
	link = observer_link(view, KVIEW_HOOK_SESSION, kview.session);
	subject_call(&member, SESSIONS);
	ours = observer_take(&kview);
	kernels = observer_take(&kernel);
	CHECK_EQUAL(ours.args[0], SESSIONS);
	CHECK_EQUAL(ours.args[1], 2);
	CHECK_EQUAL(ours.args[2], 1 + 2);
	CHECK(!memcmp(ours.args, kernels.args, sizeof(ours.args)));
	CHECK_EQUAL(ours.func_ip, kernels.func_ip);
	CHECK_EQUAL(kernels.cookie, KERNEL_COOKIE);
	CHECK_EQUAL(ours.cookie, KVIEW_COOKIE);
	CHECK_EQUAL(kv_link_info(link).runs, SESSIONS + 2);
	close(stats);
}

static void session(void)
{
	struct kview_info info;

	kv_info(&info);
	if (!(info.features & KVIEW_FEATURE_SESSION)) {
		CHECK(test_kernel() < 610);
		return;
	}
	expect_same_session(false);
	expect_same_session(true);
}

static int kernel_tracing(int prog, bool on_return)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .tracing.cookie = KERNEL_COOKIE);

	return CHECK_CALL(bpf_link_create(prog, 0, on_return ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY, &opts));
}

static void expect_same_trace(bool on_return, bool timed)
{
	struct subject member = subject_new_calling(1, observed_call);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1;
	__u32 kind = on_return ? KVIEW_HOOK_FEXIT : KVIEW_HOOK_FENTRY;

	kv_member(view, member.pid);
	kernel_tracing(on_return ? kernel.fexit : kernel.fentry, on_return);
	observer_link(view, kind, on_return ? kview.fexit : kview.fentry);
	subject_call(&member, 1);
	ours = observer_take(&kview);
	kernels = observer_take(&kernel);
	expect_same_task(&ours, &kernels);
	CHECK(!memcmp(ours.args, kernels.args, sizeof(ours.args)));
	CHECK_EQUAL(ours.args[6], 1);
	CHECK_EQUAL(ours.args[7], ours.args[0]);
	if (on_return)
		CHECK_EQUAL((long)ours.args[1], -EFAULT);
	CHECK_EQUAL(ours.func_ip, kernels.func_ip);
	CHECK_EQUAL(kernels.cookie, KERNEL_COOKIE);
	CHECK_EQUAL(ours.cookie, KVIEW_COOKIE);
	expect_same_user_stack(&ours, &kernels);
	expect_same_outer_frames(&ours, &kernels, 2);
	expect_stored_stacks(&kview, &ours, 1);
	close(stats);
}

static void fentry(void)
{
	expect_same_trace(false, false);
}

static void fexit(void)
{
	expect_same_trace(true, false);
}

static void trace_timed(void)
{
	expect_same_trace(false, true);
	expect_same_trace(true, true);
}

TEST_MAIN(TEST_CASE(kprobe_apart), TEST_CASE(kprobe_after_kernels), TEST_CASE(kprobe_before_kernels),
	  TEST_CASE(kprobe_timed), TEST_CASE(kretprobe_after_kernels), TEST_CASE(kretprobe_before_kernels),
	  TEST_CASE(kretprobe_timed), TEST_CASE(multi_entry), TEST_CASE(multi_return), TEST_CASE(multi_timed),
	  TEST_CASE(session), TEST_CASE(fentry), TEST_CASE(fexit), TEST_CASE(trace_timed))
