// SPDX-License-Identifier: GPL-2.0-only
/* What a program at a function's entry is given. */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ordinary_record.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u64); /* cookie */
	__type(value, struct given);
} given SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 4096); /* it is a hash that keeps one stack per slot */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 127 * sizeof(__u64));
} stacks SEC(".maps");

static void note(void *ctx, __u64 number)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);
	struct given now = { .number = number, .pid_tgid = bpf_get_current_pid_tgid() };

	now.stack = bpf_get_stackid(ctx, &stacks, 0);
	bpf_get_current_comm(now.comm, sizeof(now.comm));
	bpf_map_update_elem(&given, &cookie, &now, BPF_ANY);
}

SEC("?kprobe/any")
int on_entry(struct pt_regs *ctx)
{
	struct pt_regs *user = (struct pt_regs *)PT_REGS_PARM1(ctx);
	__u64 cookie = bpf_get_attach_cookie(ctx), number = BPF_CORE_READ(user, orig_ax);
	struct given *seen;

	note(ctx, number);
	seen = bpf_map_lookup_elem(&given, &cookie);
	if (seen) {
		seen->func_ip = bpf_get_func_ip(ctx);
		seen->ip = PT_REGS_IP(ctx);
		seen->sp = PT_REGS_SP(ctx);
	}
	return 0;
}

SEC("?tracepoint/syscalls/sys_enter_getpriority")
int on_enter(struct trace_event_raw_sys_enter *ctx)
{
	if (ctx->args[0] == 1 && ctx->args[1] == 0)
		note(ctx, ctx->id);
	return 0;
}

SEC("?tracepoint/syscalls/sys_exit_getpriority")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	if (ctx->ret > 0)
		note(ctx, ctx->id);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
