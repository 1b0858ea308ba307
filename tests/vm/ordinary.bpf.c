// SPDX-License-Identifier: GPL-2.0-only
/* Programs of every kind, which count getpgid() by process. */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ordinary_record.h"

#define NR_GETPGID 121

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* process */
	__type(value, struct seen);
} seen SEC(".maps");

static void note(void *ctx, __u32 kind)
{
	static const struct seen none;
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	struct seen *seen_by = bpf_map_lookup_elem(&seen, &process);

	if (!seen_by) {
		bpf_map_update_elem(&seen, &process, &none, BPF_NOEXIST);
		seen_by = bpf_map_lookup_elem(&seen, &process);
	}
	if (seen_by && kind < SEEN_KINDS)
		__sync_fetch_and_add(&seen_by->hits[kind], 1);
}

SEC("kprobe/__x64_sys_getpgid")
int on_kprobe(struct pt_regs *ctx)
{
	note(ctx, SEEN_KPROBE);
	return 1;
}

SEC("ksyscall/getpgid")
int on_ksyscall(struct pt_regs *ctx)
{
	note(ctx, SEEN_KSYSCALL);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_tp_enter(struct trace_event_raw_sys_enter *ctx)
{
	if (ctx->id == NR_GETPGID)
		note(ctx, SEEN_TP_ENTER);
	return 1;
}

SEC("tp/syscalls/sys_exit_getpgid")
int on_tp_exit(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->id == NR_GETPGID && ctx->ret > 0)
		note(ctx, SEEN_TP_EXIT);
	return 0;
}

SEC("raw_tp/sys_enter")
int on_raw_enter(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[1] == NR_GETPGID)
		note(ctx, SEEN_RAW_ENTER);
	return 0;
}

SEC("raw_tracepoint/sys_exit")
int on_raw_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];

	if (BPF_CORE_READ(regs, orig_ax) == NR_GETPGID)
		note(ctx, SEEN_RAW_EXIT);
	return 0;
}

SEC("kretprobe/__x64_sys_getpgid")
int on_kretprobe(struct pt_regs *ctx)
{
	if (PT_REGS_RC(ctx) > 0)
		note(ctx, SEEN_KRETPROBE);
	return 1;
}

SEC("kretsyscall/getpgid")
int on_kretsyscall(struct pt_regs *ctx)
{
	note(ctx, SEEN_KRETSYSCALL);
	return 0;
}

SEC("fentry/__x64_sys_getpgid")
int BPF_PROG(on_fentry, const struct pt_regs *regs)
{
	if (BPF_CORE_READ(regs, orig_ax) == NR_GETPGID)
		note(ctx, SEEN_FENTRY);
	return 0;
}

SEC("fexit/__x64_sys_getpgid")
int BPF_PROG(on_fexit, const struct pt_regs *regs, long result)
{
	if (BPF_CORE_READ(regs, orig_ax) == NR_GETPGID && result > 0)
		note(ctx, SEEN_FEXIT);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
