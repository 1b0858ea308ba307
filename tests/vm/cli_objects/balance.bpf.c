// SPDX-License-Identifier: GPL-2.0-only
/* Counts all entries and exits of system calls: what begins within the traced time also ends there, but for exit_group. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 enters;
__u64 exits;

SEC("raw_tp/sys_enter")
int count_enter(void *ctx)
{
	__sync_fetch_and_add(&enters, 1);
	return 0;
}

SEC("raw_tp/sys_exit")
int count_exit(void *ctx)
{
	__sync_fetch_and_add(&exits, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
