// SPDX-License-Identifier: GPL-2.0-only
/* Programs that do nothing, at every kind of hook two system calls pass: what is left of their cost is the hook's. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("kprobe/__x64_sys_getpgid")
int at_kprobe(void *ctx)
{
	return 0;
}

SEC("kretprobe/__x64_sys_getpgid")
int at_kretprobe(void *ctx)
{
	return 0;
}

SEC("fentry/__x64_sys_getpgid")
int at_fentry(void *ctx)
{
	return 0;
}

SEC("fexit/__x64_sys_getpgid")
int at_fexit(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getpgid")
int at_tracepoint(void *ctx)
{
	return 0;
}

SEC("raw_tp/sys_enter")
int at_raw_enter(void *ctx)
{
	return 0;
}

SEC("raw_tp/sys_exit")
int at_raw_exit(void *ctx)
{
	return 0;
}

SEC("kprobe.multi/__x64_sys_getpgid")
int at_kprobe_multi(void *ctx)
{
	return 0;
}

SEC("kretprobe.multi/__x64_sys_getpgid")
int at_kretprobe_multi(void *ctx)
{
	return 0;
}

SEC("kprobe.session/__x64_sys_getpgid")
int at_session(void *ctx)
{
	return 0;
}

SEC("tracepoint/task/task_rename")
int at_event(void *ctx)
{
	return 0;
}

SEC("raw_tp/task_rename")
int at_raw_tp(void *ctx)
{
	return 0;
}

SEC("tp_btf/task_rename")
int at_tp_btf(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
