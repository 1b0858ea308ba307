// SPDX-License-Identifier: GPL-2.0-only
/* Counts timer interrupts that come upon the traced process. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 calls;

SEC("kprobe/update_process_times")
int tick(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
