// SPDX-License-Identifier: GPL-2.0-only
/* One program for each way to attach; each counts by process. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");

static int count_for(__u32 pid, __u64 by)
{
	__u64 zero = 0, *value;

	bpf_map_update_elem(&calls, &pid, &zero, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&calls, &pid);
	if (value)
		__sync_fetch_and_add(value, by);
	return 0;
}

static int count(__u64 by)
{
	return count_for(bpf_get_current_pid_tgid() >> 32, by);
}

SEC("?kprobe/__x64_sys_getppid") int kprobe(void *ctx)
{
	return count(1);
}

SEC("?kretprobe/__x64_sys_getppid") int kretprobe(void *ctx)
{
	return count(1);
}

/* Attached with the cookie 1. */
SEC("?kprobe/__x64_sys_getppid") int cookie(void *ctx)
{
	return count(bpf_get_attach_cookie(ctx));
}

/* Attached without libbpf, by the ioctl. */
SEC("?kprobe") int plain(void *ctx)
{
	return count(1);
}

/* On an event of kprobe_events, exec_tool/getppid, by its number. */
SEC("?kprobe") int defined(void *ctx)
{
	return count(1);
}

SEC("?kprobe.multi") int multi(void *ctx)
{
	return count(1);
}

SEC("?kretprobe.multi") int multi_return(void *ctx)
{
	return count(1);
}

/* An exec comes by here once. */
SEC("?fentry/setup_arg_pages") int fentry(void *ctx)
{
	return count(1);
}

SEC("?fexit/setup_arg_pages") int fexit(void *ctx)
{
	return count(1);
}

SEC("?tp/syscalls/sys_enter_getppid") int tp_enter(void *ctx)
{
	return count(1);
}

SEC("?tp/syscalls/sys_exit_getppid") int tp_exit(void *ctx)
{
	return count(1);
}

SEC("?raw_tp/sys_enter") int raw(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[1] == 110 ? count(1) : 0;
}

SEC("?tp/raw_syscalls/sys_enter") int tp_all(struct trace_event_raw_sys_enter *ctx)
{
	return ctx->id == 110 ? count(1) : 0;
}

SEC("?tp/raw_syscalls/sys_exit") int tp_all_exit(struct trace_event_raw_sys_exit *ctx)
{
	return ctx->id == 110 ? count(1) : 0;
}

/* The three see the task's name change. */
SEC("?tp/task/task_rename") int tp(void *ctx)
{
	return count(1);
}

SEC("?raw_tp/task_rename") int raw_tp(void *ctx)
{
	return count(1);
}

SEC("?tp_btf/task_rename") int tp_btf(void *ctx)
{
	return count(1);
}

/* The four see the process exit. */
SEC("?tp/sched/sched_process_exit") int exit_tp(void *ctx)
{
	return count(1);
}

SEC("?raw_tp/sched_process_exit") int exit_raw_tp(void *ctx)
{
	return count(1);
}

SEC("?tp_btf/sched_process_exit") int exit_tp_btf(void *ctx)
{
	return count(1);
}

/* Attached without libbpf, by the ioctl. */
SEC("?tp") int exit_plain(void *ctx)
{
	return count(1);
}

/* Of the C library's getppid(). */
SEC("?uprobe") int uprobe(void *ctx)
{
	return count(1);
}

SEC("?uprobe") int uprobe_multi(void *ctx)
{
	return count(1);
}

SEC("?perf_event") int samples(void *ctx)
{
	return count(1);
}

/* Counts for process 0, whomever it interrupts. */
SEC("?perf_event") int ticks(void *ctx)
{
	return count_for(0, 1);
}

SEC("?cgroup_skb/egress") int pass(struct __sk_buff *skb)
{
	return 1;
}

SEC("?xdp") int xdp(struct xdp_md *frame)
{
	return 2; /* XDP_PASS */
}

SEC("?tc") int tcx(struct __sk_buff *skb)
{
	return -1; /* TCX_NEXT: nothing is decided */
}

/* Of a socket of the tool's. */
SEC("?socket") int packets(struct __sk_buff *skb)
{
	return -1; /* all of the packet */
}

/* Decides for everybody who comes by; here for nothing else. */
SEC("?fmod_ret/security_bprm_check") int modifier(void *ctx)
{
	return 0;
}

/* An exec comes by here once. */
SEC("?lsm/bprm_check_security") int lsm(void *ctx)
{
	count(1);
	return 0;
}

/* As the kernel's own, for which bpf_helpers.h has the name alone. */
struct bpf_timer {
	__u64 opaque[2];
} __attribute__((aligned(8)));

struct timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct timer);
} timers SEC(".maps");

static int expired(void *map, __u32 *key, struct timer *value)
{
	return count_for(0, 1);
}

/* Run by the tool itself; what it starts counts for process 0, whomever it interrupts. */
SEC("?syscall") int timer(void *ctx)
{
	__u32 zero = 0;
	struct timer *value = bpf_map_lookup_elem(&timers, &zero);

	if (!value)
		return 1;
	bpf_timer_init(&value->timer, &timers, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&value->timer, expired);
	return bpf_timer_start(&value->timer, 1000, 0);
}

/* Its context; the verifier knows what is where. */
struct bpf_iter__task {
	void *meta;
	struct task_struct *task;
};

/* Run when the tool reads it: all processes there are, once each. */
SEC("?iter/task") int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && task->pid == task->tgid)
		count_for(task->pid, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
