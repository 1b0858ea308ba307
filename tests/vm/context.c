// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/*
 * Programs get from a view what they get from the kernel's own attach points: the same program is attached by both, to
 * the same process.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>

#include "context.skel.h"
#include "context_record.h"
#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FLAG_IF 0x200
#define FLAG_FIXED 0x2
#define KERNEL_COOKIE 0x1234567890abcdefULL
#define KVIEW_COOKIE 0xfedcba0987654321ULL


#define FUNCTION CONTEXT_FUNCTION
#define NUMBER SYS_epoll_ctl

/* The programs, for one of the two ways of attaching. */
struct observer {
	struct context *bpf;
	int kprobe, multi, fentry, fexit, enter, exit, raw;
	int attached;
};

/* The call that is looked at, with arguments to recognise; it fails for its first one. */
static void call_epoll_ctl(void)
{
	syscall(NUMBER, -5, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555);
}

static struct observer observer_new(pid_t tgid)
{
	struct observer observer = { .bpf = context__open(), .attached = -1 };

	CHECK(observer.bpf);
	observer.bpf->rodata->tgid = tgid;
	if (test_kernel() >= 610) {
		bpf_program__set_autoload(observer.bpf->progs.on_session, true);
		bpf_program__set_expected_attach_type(observer.bpf->progs.on_session, TRACE_KPROBE_SESSION);
	}
	CHECK(!context__load(observer.bpf));
	observer.kprobe = bpf_program__fd(observer.bpf->progs.on_kprobe);
	observer.multi = bpf_program__fd(observer.bpf->progs.on_multi);
	observer.fentry = bpf_program__fd(observer.bpf->progs.on_fentry);
	observer.fexit = bpf_program__fd(observer.bpf->progs.on_fexit);
	observer.enter = bpf_program__fd(observer.bpf->progs.on_enter);
	observer.exit = bpf_program__fd(observer.bpf->progs.on_exit);
	observer.raw = bpf_program__fd(observer.bpf->progs.on_raw);
	return observer;
}

static struct context_record take_record(struct observer *observer)
{
	int map = bpf_map__fd(observer->bpf->maps.record);
	struct context_record record, none = {};
	__u32 key = 0;

	CHECK_CALL(bpf_map_lookup_elem(map, &key, &record));
	CHECK_CALL(bpf_map_update_elem(map, &key, &none, 0));
	return record;
}

static int open_event(struct perf_event_attr *attr)
{
	return CHECK_CALL(syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

static int open_tracepoint(const char *name)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .type = PERF_TYPE_TRACEPOINT, .sample_period = 1 };
	char path[256];

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/%s/id", name);
	attr.config = test_read_number(path);
	return open_event(&attr);
}

/* A link of the event and the program, with a cookie; what libbpf's attach functions make. */
static int attach_event(int event, int prog)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = KERNEL_COOKIE);
	int link = CHECK_CALL(bpf_link_create(prog, event, BPF_PERF_EVENT, &opts));

	close(event); /* the link holds it */
	return link;
}

static int kernel_kprobe(int prog, bool on_return)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = test_read_number("/sys/bus/event_source/devices/kprobe/type"),
		.config = on_return, /* bit 0 of this PMU */
		.kprobe_func = (unsigned long)FUNCTION,
	};

	return attach_event(open_event(&attr), prog);
}

static int kernel_tracepoint(int prog, const char *name)
{
	return attach_event(open_tracepoint(name), prog);
}

static int kview_link(int view, __u32 kind, int prog)
{
	struct kview_target target = { .cookie = KVIEW_COOKIE };

	if (kind == KVIEW_HOOK_ENTRY || kind == KVIEW_HOOK_RETURN || kind == KVIEW_HOOK_SESSION)
		target.name = (unsigned long)FUNCTION;
	else if (kind != KVIEW_HOOK_FENTRY && kind != KVIEW_HOOK_FEXIT)
		target.value = NUMBER;
	return CHECK_CALL(kv_try_link(view, kind, prog, &target, 1));
}

static void expect_same_task(const struct context_record *ours, const struct context_record *kernels)
{
	CHECK_EQUAL(kernels->events, 1);
	CHECK_EQUAL(ours->events, 1);
	CHECK_EQUAL(ours->pid_tgid, kernels->pid_tgid);
	CHECK_EQUAL(ours->uid_gid, kernels->uid_gid);
	CHECK_EQUAL(ours->task, kernels->task);
	CHECK_EQUAL(ours->cgroup, kernels->cgroup);
	CHECK(!memcmp(ours->comm, kernels->comm, sizeof(ours->comm)));
}

/*
 * A stack as bpf_get_stackid() stored it is the one bpf_get_stack() gave, but for @skip frames: a stack taken inside
 * the program begins with the place in it that asks.
 */
static void expect_stored_stack(struct bpf_map *map, __s64 id, const __u64 *stack, __s64 bytes, int skip)
{
	__u64 stored[CONTEXT_STACK] = {};
	__u32 key = id;

	if (bytes <= 0) {
		CHECK(id < 0);
		return;
	}
	CHECK(id >= 0);
	CHECK_CALL(bpf_map_lookup_elem(bpf_map__fd(map), &key, stored));
	CHECK(!memcmp(stored + skip, stack + skip, bytes - skip * 8));
}

static void expect_stored_stacks(struct observer *observer, const struct context_record *record, int skip)
{
	expect_stored_stack(observer->bpf->maps.kernel_stacks, record->kernel_stack_id, record->kernel_stack,
			    record->kernel_bytes, skip);
	expect_stored_stack(observer->bpf->maps.user_stacks, record->user_stack_id, record->user_stack,
			    record->user_bytes, 0);
}

static void expect_same_user_stack(const struct context_record *ours, const struct context_record *kernels)
{
	CHECK_EQUAL(ours->user_bytes, kernels->user_bytes);
	CHECK(!memcmp(ours->user_stack, kernels->user_stack, ours->user_bytes));
}

static void print_stack(const char *whose, const __u64 *stack, __s64 bytes)
{
	for (int i = 0; i < bytes / 8; i++)
		test_note("%s stack %d: %llx", whose, i, stack[i]);
}

/* The last @count frames, counted from the outermost; none where the kernel has none. */
static void expect_same_outer_frames(const struct context_record *ours, const struct context_record *kernels, int count)
{
	int mine = ours->kernel_bytes / 8 - count, theirs = kernels->kernel_bytes / 8 - count;

	if (kernels->kernel_bytes <= 0) {
		CHECK_EQUAL(ours->kernel_bytes, kernels->kernel_bytes);
		return;
	}
	if (mine >= 0 && theirs >= 0 &&
	    !memcmp(&ours->kernel_stack[mine], &kernels->kernel_stack[theirs], count * 8))
		return;
	print_stack("kview's", ours->kernel_stack, ours->kernel_bytes);
	print_stack("kernel's", kernels->kernel_stack, kernels->kernel_bytes);
	FAIL("the outer %d frames differ", count);
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
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), link;

	kv_member(view, member.pid);
	link = kernel_kprobe(kernel.kprobe, false);
	subject_call(&member, 1);
	close(link);
	kernels = take_record(&kernel);

	kview_link(view, KVIEW_HOOK_ENTRY, kview.kprobe);
	subject_call(&member, 1);
	ours = take_record(&kview);
	expect_same_kprobe(&ours, &kernels);
	expect_stored_stacks(&kview, &ours, 0);
	expect_stored_stacks(&kernel, &kernels, 0);
}

/* Both at once, so at the very same event; attached in either order. */
static void kprobe_together(bool kernel_first)
{
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view();

	kv_member(view, member.pid);
	if (kernel_first)
		kernel_kprobe(kernel.kprobe, false);
	kview_link(view, KVIEW_HOOK_ENTRY, kview.kprobe);
	if (!kernel_first)
		kernel_kprobe(kernel.kprobe, false);
	subject_call(&member, 1);
	ours = take_record(&kview);
	kernels = take_record(&kernel);
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
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME));
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	kv_member(view, member.pid);
	kview_link(view, KVIEW_HOOK_ENTRY, kview.kprobe);
	kernel_kprobe(kernel.kprobe, false);
	subject_call(&member, 1);
	ours = take_record(&kview);
	kernels = take_record(&kernel);
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
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1;

	kv_member(view, member.pid);
	if (kernel_first)
		kernel_kprobe(kernel.kprobe, true);
	kview_link(view, KVIEW_HOOK_RETURN, kview.kprobe);
	if (!kernel_first)
		kernel_kprobe(kernel.kprobe, true);
	subject_call(&member, 1);
	ours = take_record(&kview);
	kernels = take_record(&kernel);
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
	const char *function = FUNCTION;
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
	struct kview_target target = { .name = (unsigned long)FUNCTION };
	int view = kv_view(), prog = observer_new(getpid()).multi;

	CHECK(test_kernel() < 612);
	CHECK_EQUAL(kv_try_link(view, on_return ? KVIEW_HOOK_RETURN : KVIEW_HOOK_ENTRY, prog, &target, 1), -EOPNOTSUPP);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_PROG_MULTI);
}

/* kprobe.multi has another run context. What the kernel's shows of registers differs between versions (fprobe). */
static void expect_same_multi(bool on_return, bool timed)
{
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1;

	kv_member(view, member.pid);
	kernel_multi(kernel.multi, BPF_TRACE_KPROBE_MULTI, on_return);
	kview_link(view, on_return ? KVIEW_HOOK_RETURN : KVIEW_HOOK_ENTRY, kview.multi);
	subject_call(&member, 1);
	ours = take_record(&kview);
	kernels = take_record(&kernel);
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
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1, link;

	kv_member(view, member.pid);
	kernel_multi(bpf_program__fd(kernel.bpf->progs.on_session), TRACE_KPROBE_SESSION, false);
	link = kview_link(view, KVIEW_HOOK_SESSION, bpf_program__fd(kview.bpf->progs.on_session));
	subject_call(&member, SESSIONS);
	ours = take_record(&kview);
	kernels = take_record(&kernel);
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
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view(), stats = timed ? CHECK_CALL(bpf_enable_stats(BPF_STATS_RUN_TIME)) : -1;
	__u32 kind = on_return ? KVIEW_HOOK_FEXIT : KVIEW_HOOK_FENTRY;

	kv_member(view, member.pid);
	kernel_tracing(on_return ? kernel.fexit : kernel.fentry, on_return);
	kview_link(view, kind, on_return ? kview.fexit : kview.fentry);
	subject_call(&member, 1);
	ours = take_record(&kview);
	kernels = take_record(&kernel);
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

static void expect_same_tracepoint(struct observer *kernel, struct observer *kview, int words)
{
	struct context_record kernels = take_record(kernel), ours = take_record(kview);

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
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	int view = kv_view();

	kv_member(view, member.pid);
	kernel_tracepoint(kernel.enter, "sys_enter_epoll_ctl");
	kview_link(view, KVIEW_HOOK_TP_ENTER, kview.enter);
	subject_call(&member, 1);
	expect_same_tracepoint(&kernel, &kview, 5);
}

static void tracepoint_exit(void)
{
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	int view = kv_view();

	kv_member(view, member.pid);
	kernel_tracepoint(kernel.exit, "sys_exit_epoll_ctl");
	kview_link(view, KVIEW_HOOK_TP_EXIT, kview.exit);
	subject_call(&member, 1);
	expect_same_tracepoint(&kernel, &kview, 2);
}

static void expect_same_raw(__u32 kind, const char *tracepoint)
{
	struct subject member = subject_new_calling(1, call_epoll_ctl);
	struct observer kernel = observer_new(member.pid), kview = observer_new(member.pid);
	struct context_record ours, kernels;
	int view = kv_view();

	kv_member(view, member.pid);
	raw_tracepoint_attach(kernel.raw, tracepoint);
	kview_link(view, kind, kview.raw);
	subject_call(&member, 1);
	ours = take_record(&kview);
	kernels = take_record(&kernel);
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

TEST_MAIN(TEST_CASE(kprobe_apart), TEST_CASE(kprobe_after_kernels), TEST_CASE(kprobe_before_kernels),
	  TEST_CASE(kprobe_timed), TEST_CASE(kretprobe_after_kernels), TEST_CASE(kretprobe_before_kernels),
	  TEST_CASE(kretprobe_timed), TEST_CASE(multi_entry), TEST_CASE(multi_return), TEST_CASE(multi_timed),
	  TEST_CASE(session), TEST_CASE(fentry), TEST_CASE(fexit), TEST_CASE(trace_timed), TEST_CASE(tracepoint_enter), TEST_CASE(tracepoint_exit), TEST_CASE(raw_enter),
	  TEST_CASE(raw_exit), TEST_CASE(record_limits))
