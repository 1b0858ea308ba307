// SPDX-License-Identifier: GPL-2.0-only
/* Refused: the kernel has no such system call. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 calls;

SEC("tracepoint/syscalls/sys_enter_getppi")
int count(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
