// SPDX-License-Identifier: GPL-2.0-only
/* Programs of each type, which write down all that they are given. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "context_record.h"

/* Which process to look at. */
const volatile __u32 tgid;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct context_record);
} record SEC(".maps");

/* Two, as stacks of different contents may get the same id: the later one would take the place of the other. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, CONTEXT_STACK * 8);
} kernel_stacks SEC(".maps"), user_stacks SEC(".maps");

static struct context_record *begin(void)
{
	struct context_record *to;
	__u32 key = 0;

	if (bpf_get_current_pid_tgid() >> 32 != tgid)
		return NULL;
	to = bpf_map_lookup_elem(&record, &key);
	if (!to)
		return NULL;
	to->events++;
	to->pid_tgid = bpf_get_current_pid_tgid();
	to->uid_gid = bpf_get_current_uid_gid();
	to->task = bpf_get_current_task();
	to->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(to->comm, sizeof(to->comm));
	return to;
}

static __always_inline void note_stacks(void *ctx, struct context_record *to)
{
	to->kernel_stack_id = bpf_get_stackid(ctx, &kernel_stacks, BPF_F_REUSE_STACKID);
	to->user_stack_id = bpf_get_stackid(ctx, &user_stacks, BPF_F_REUSE_STACKID | BPF_F_USER_STACK);
	to->kernel_bytes = bpf_get_stack(ctx, to->kernel_stack, sizeof(to->kernel_stack), 0);
	to->user_bytes = bpf_get_stack(ctx, to->user_stack, sizeof(to->user_stack), BPF_F_USER_STACK);
}

static __always_inline int on_probe(struct context_regs *ctx)
{
	struct context_record *to = begin();

	if (!to)
		return 0;
	to->regs = *ctx;
	to->func_ip = bpf_get_func_ip(ctx);
	to->cookie = bpf_get_attach_cookie(ctx);
	note_stacks(ctx, to);
	return 0;
}

SEC("kprobe")
int on_kprobe(struct context_regs *ctx)
{
	return on_probe(ctx);
}

SEC("kprobe.multi")
int on_multi(struct context_regs *ctx)
{
	return on_probe(ctx);
}

extern _Bool bpf_session_is_return(void) __ksym __weak;
extern __u64 *bpf_session_cookie(void) __ksym __weak;

/* 0: entry and return, which see the same 8 bytes. The third call on wants no return. */
SEC("?kprobe.multi")
int on_session(struct context_regs *ctx)
{
	struct context_record *to;
	__u64 *shared = bpf_session_cookie();
	__u32 key = 0;

	if (bpf_get_current_pid_tgid() >> 32 != tgid)
		return 0;
	to = bpf_map_lookup_elem(&record, &key);
	if (!to)
		return 0;
	if (bpf_session_is_return()) {
		to->args[1]++;
		to->args[2] += *shared;
		return 0;
	}
	to->args[0]++;
	*shared = to->args[0];
	to->func_ip = bpf_get_func_ip(ctx);
	to->cookie = bpf_get_attach_cookie(ctx);
	return to->args[0] > 2;
}

/* Tracing programs: the arguments, then the result. */
static __always_inline int on_trace(__u64 *ctx, int words)
{
	struct context_record *to = begin();

	if (!to)
		return 0;
	for (int i = 0; i < words; i++)
		to->args[i] = ctx[i];
	to->args[6] = bpf_get_func_arg_cnt(ctx);
	bpf_get_func_arg(ctx, 0, &to->args[7]);
	to->func_ip = bpf_get_func_ip(ctx);
	to->cookie = bpf_get_attach_cookie(ctx);
	note_stacks(ctx, to);
	return 0;
}

SEC("fentry/" CONTEXT_FUNCTION)
int on_fentry(__u64 *ctx)
{
	return on_trace(ctx, 1);
}

SEC("fexit/" CONTEXT_FUNCTION)
int on_fexit(__u64 *ctx)
{
	return on_trace(ctx, 2);
}

SEC("tp")
int on_enter(__u64 *ctx)
{
	struct context_record *to = begin();

	if (!to)
		return 0;
	/* The number and four arguments; the record ends there. */
	for (int i = 0; i < 5; i++)
		to->args[i] = ctx[1 + i];
	to->cookie = bpf_get_attach_cookie(ctx);
	note_stacks(ctx, to);
	return 0;
}

SEC("tp")
int on_exit(__u64 *ctx)
{
	struct context_record *to = begin();

	if (!to)
		return 0;
	to->args[0] = ctx[1];
	to->args[1] = ctx[2];
	to->cookie = bpf_get_attach_cookie(ctx);
	note_stacks(ctx, to);
	return 0;
}

SEC("raw_tp")
int on_raw(struct bpf_raw_tracepoint_args *ctx)
{
	struct context_record *to;

	/* Of all system calls, only the one the test makes last: epoll_ctl(), whose number is 233. */
	struct context_regs *regs = (void *)ctx->args[0];
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &regs->orig_ax);
	if (number != 233)
		return 0;
	to = begin();
	if (!to)
		return 0;
	bpf_probe_read_kernel(&to->regs, sizeof(to->regs), regs);
	to->args[0] = ctx->args[0];
	to->args[1] = ctx->args[1];
	note_stacks(ctx, to);
	return 0;
}

const char program_license[] SEC("license") = "GPL";
