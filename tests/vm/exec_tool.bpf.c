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

static int count(__u64 by)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 zero = 0, *value;

	bpf_map_update_elem(&calls, &pid, &zero, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&calls, &pid);
	if (value)
		__sync_fetch_and_add(value, by);
	return 0;
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

SEC("?cgroup_skb/egress") int pass(struct __sk_buff *skb)
{
	return 1;
}

char _license[] SEC("license") = "GPL";
