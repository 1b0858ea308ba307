// SPDX-License-Identifier: GPL-2.0-only
/* Programs that do nothing, at every kind of hook one system call passes: what is left of their cost is the hook's. */
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

char LICENSE[] SEC("license") = "GPL";
