// SPDX-License-Identifier: GPL-2.0-only
/* Programs of every kind, which write down what they are given in the order in which they run. */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ordinary_differential.h"

struct trace_event_raw_task_rename {
	char oldcomm[16];
	char newcomm[16];
	short oom_score_adj;
} __attribute__((preserve_access_index));

struct trace_event_raw_signal_generate {
	int sig;
	int pid;
	int group;
	int result;
} __attribute__((preserve_access_index));

/* Which process to look at: the kernel attaches for all of them. */
const volatile __u32 process;
/* Not while programs are being attached and detached, which takes system calls, too. */
bool on;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DIFFERENTIAL_PROGRAMS);
	__type(key, __u32);
	__type(value, struct differential_log);
} logs SEC(".maps");

static struct differential_event *event(__u32 program)
{
	struct differential_log *log;
	__u64 at;

	if (!on || bpf_get_current_pid_tgid() >> 32 != process)
		return NULL;
	log = bpf_map_lookup_elem(&logs, &program);
	if (!log)
		return NULL;
	at = log->events++;
	return at < DIFFERENTIAL_EVENTS ? &log->event[at] : NULL;
}

static int note_regs(struct pt_regs *ctx, __u32 program)
{
	struct differential_event *now = event(program);

	if (!now)
		return 0;
	now->args[0] = PT_REGS_PARM1(ctx);
	now->args[1] = PT_REGS_PARM2(ctx);
	now->args[2] = PT_REGS_PARM3(ctx);
	now->func_ip = bpf_get_func_ip(ctx);
	now->cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

static int note_result(struct pt_regs *ctx, __u32 program)
{
	struct differential_event *now = event(program);

	if (!now)
		return 0;
	now->result = PT_REGS_RC(ctx);
	now->func_ip = bpf_get_func_ip(ctx);
	now->cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("kprobe/vfs_read")
int on_kprobe(struct pt_regs *ctx)
{
	return note_regs(ctx, DIFFERENTIAL_KPROBE);
}

SEC("kretprobe/vfs_read")
int on_kretprobe(struct pt_regs *ctx)
{
	return note_result(ctx, DIFFERENTIAL_KRETPROBE);
}

/* Six arguments more than registers hold. */
SEC("kretprobe/do_mmap")
int on_kretprobe_stack(struct pt_regs *ctx)
{
	return note_result(ctx, DIFFERENTIAL_KRETPROBE_STACK);
}

SEC("ksyscall/getpriority")
int on_ksyscall(struct pt_regs *ctx)
{
	struct differential_event *now = event(DIFFERENTIAL_KSYSCALL);
	struct pt_regs *user = (struct pt_regs *)PT_REGS_PARM1(ctx);

	if (!now)
		return 0;
	now->args[0] = BPF_CORE_READ(user, di);
	now->args[1] = BPF_CORE_READ(user, si);
	return 0;
}

SEC("kretsyscall/getpriority")
int on_kretsyscall(struct pt_regs *ctx)
{
	return note_result(ctx, DIFFERENTIAL_KRETSYSCALL);
}

SEC("fentry/vfs_read")
int on_fentry(unsigned long long *ctx)
{
	struct differential_event *now = event(DIFFERENTIAL_FENTRY);

	if (!now)
		return 0;
	for (int i = 0; i < 3; i++) /* the fourth points to the stack */
		now->args[i] = ctx[i];
	bpf_get_func_arg(ctx, 2, &now->result);
	now->func_ip = bpf_get_func_ip(ctx);
	now->cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("fexit/vfs_read")
int on_fexit(unsigned long long *ctx)
{
	struct differential_event *now = event(DIFFERENTIAL_FEXIT);

	if (!now)
		return 0;
	for (int i = 0; i < 3; i++)
		now->args[i] = ctx[i];
	now->args[3] = ctx[4];
	bpf_get_func_ret(ctx, &now->result);
	now->func_ip = bpf_get_func_ip(ctx);
	now->cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("fexit/__x64_sys_getpriority")
int BPF_PROG(on_fexit_syscall, const struct pt_regs *regs, long result)
{
	struct differential_event *now = event(DIFFERENTIAL_FEXIT_SYSCALL);

	if (!now)
		return 0;
	now->args[0] = BPF_CORE_READ(regs, di);
	now->args[1] = BPF_CORE_READ(regs, si);
	now->result = result;
	now->func_ip = bpf_get_func_ip(ctx);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getpriority")
int on_tp_enter(struct trace_event_raw_sys_enter *ctx)
{
	struct differential_event *now = event(DIFFERENTIAL_TP_ENTER);

	if (!now)
		return 0;
	now->args[0] = ctx->args[0];
	now->args[1] = ctx->args[1];
	now->args[2] = ctx->id;
	now->cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_getpriority")
int on_tp_exit(struct trace_event_raw_sys_exit *ctx)
{
	struct differential_event *now = event(DIFFERENTIAL_TP_EXIT);

	if (!now)
		return 0;
	now->args[0] = ctx->id;
	now->result = ctx->ret;
	now->cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("raw_tp/sys_enter")
int on_raw_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	struct differential_event *now;

	if (ctx->args[1] != DIFFERENTIAL_CALL)
		return 0;
	now = event(DIFFERENTIAL_RAW_ENTER);
	if (!now)
		return 0;
	now->args[0] = BPF_CORE_READ(regs, di);
	now->args[1] = BPF_CORE_READ(regs, si);
	return 0;
}

SEC("raw_tp/sys_exit")
int on_raw_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	struct differential_event *now;

	if (BPF_CORE_READ(regs, orig_ax) != DIFFERENTIAL_CALL)
		return 0;
	now = event(DIFFERENTIAL_RAW_EXIT);
	if (now)
		now->result = ctx->args[1];
	return 0;
}

/* The address of the new name is one of the kernel's stack. */
static int note_rename(struct differential_event *now, struct task_struct *task, const char *comm)
{
	if (!now)
		return 0;
	now->args[0] = (unsigned long)task;
	bpf_probe_read_kernel(&now->args[1], sizeof(now->args[1]), comm);
	return 0;
}

SEC("raw_tp/task_rename")
int on_raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return note_rename(event(DIFFERENTIAL_RAW_TP), (void *)ctx->args[0], (void *)ctx->args[1]);
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_tp_btf, struct task_struct *task, const char *comm)
{
	struct differential_event *now = event(DIFFERENTIAL_TP_BTF);

	if (now)
		now->result = task->tgid;
	return note_rename(now, task, comm);
}

SEC("tp/task/task_rename")
int on_tp(struct trace_event_raw_task_rename *ctx)
{
	struct differential_event *now = event(DIFFERENTIAL_TP);

	if (!now)
		return 0;
	now->args[0] = ctx->oldcomm[4];
	now->args[1] = ctx->newcomm[4];
	now->args[2] = ctx->oom_score_adj;
	now->cookie = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("tracepoint/signal/signal_generate")
int on_tp_signal(struct trace_event_raw_signal_generate *ctx)
{
	struct differential_event *now = event(DIFFERENTIAL_TP_SIGNAL);

	if (!now)
		return 0;
	now->args[0] = ctx->sig;
	now->args[1] = ctx->pid;
	now->args[2] = ctx->group;
	now->result = ctx->result;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
