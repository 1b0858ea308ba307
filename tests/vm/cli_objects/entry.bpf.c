// SPDX-License-Identifier: GPL-2.0-only
/* Counts calls of getppid at the entry of the kernel's function. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 calls;

SEC("kprobe/__x64_sys_getppid")
int count(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
