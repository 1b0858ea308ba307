// SPDX-License-Identifier: GPL-2.0-only
/* Programs at the tracepoints of all system calls. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "context_record.h"
#include "syscall_same.h"

/* Which process to look at. */
const volatile __u32 tgid;

__u32 count;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALL_EVENTS);
	__type(key, __u32);
	__type(value, struct syscall_event);
} events SEC(".maps");

struct sys_enter {
	__u64 common;
	__s64 id;
	__u64 args[6];
};

struct sys_exit {
	__u64 common;
	__s64 id;
	__s64 ret;
};

static struct syscall_event *next(__u32 program)
{
	struct syscall_event *event;
	__u32 key = count;

	if (bpf_get_current_pid_tgid() >> 32 != tgid)
		return NULL;
	event = bpf_map_lookup_elem(&events, &key);
	if (!event)
		return NULL;
	count++;
	event->program = program;
	return event;
}

static __always_inline void note_regs(struct syscall_event *event, __u64 regs)
{
	struct context_regs copy = {};

	bpf_probe_read_kernel(&copy, sizeof(copy), (void *)regs);
	event->args[0] = copy.di;
	event->args[1] = copy.si;
	event->args[2] = copy.dx;
	event->args[3] = copy.r10;
	event->args[4] = copy.r8;
	event->args[5] = copy.r9;
	event->orig_ax = copy.orig_ax;
	event->result = copy.ax;
}

static __always_inline int on_enter(__u64 *ctx, __u32 program)
{
	struct syscall_event *event = next(program);

	if (!event)
		return 0;
	note_regs(event, ctx[0]);
	event->number = ctx[1];
	return 0;
}

static __always_inline int on_exit(__u64 *ctx, __u32 program)
{
	struct syscall_event *event = next(program);

	if (!event)
		return 0;
	note_regs(event, ctx[0]);
	event->result = ctx[1];
	return 0;
}

SEC("raw_tp")
int raw_enter(__u64 *ctx)
{
	return on_enter(ctx, RAW_ENTER);
}

SEC("raw_tp")
int raw_exit(__u64 *ctx)
{
	return on_exit(ctx, RAW_EXIT);
}

SEC("tp_btf/sys_enter")
int btf_enter(__u64 *ctx)
{
	return on_enter(ctx, BTF_ENTER);
}

SEC("tp_btf/sys_exit")
int btf_exit(__u64 *ctx)
{
	return on_exit(ctx, BTF_EXIT);
}

SEC("tp")
int tp_enter(struct sys_enter *ctx)
{
	struct syscall_event *event = next(TP_ENTER);

	if (!event)
		return 0;
	event->number = ctx->id;
	for (int i = 0; i < 6; i++)
		event->args[i] = ctx->args[i];
	return 0;
}

SEC("tp")
int tp_exit(struct sys_exit *ctx)
{
	struct syscall_event *event = next(TP_EXIT);

	if (!event)
		return 0;
	event->number = ctx->id;
	event->result = ctx->ret;
	return 0;
}

const char program_license[] SEC("license") = "GPL";
