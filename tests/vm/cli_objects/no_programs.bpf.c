// SPDX-License-Identifier: GPL-2.0-only
/* Refused: there is nothing to attach. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 calls;

char LICENSE[] SEC("license") = "GPL";
