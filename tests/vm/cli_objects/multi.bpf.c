// SPDX-License-Identifier: GPL-2.0-only
/* Counts calls of getppid at both ends of all functions that match: there is one. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 calls;

SEC("kprobe.multi/__x64_sys_getpp?d")
int count(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("kretprobe.multi/__x64_sys_getpp*")
int count_returns(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
