// SPDX-License-Identifier: GPL-2.0-only
/* Refused: kview has nowhere to attach a program for network devices. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 calls;

SEC("xdp")
int count(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 2;
}

char LICENSE[] SEC("license") = "GPL";
