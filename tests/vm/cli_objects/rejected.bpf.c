// SPDX-License-Identifier: GPL-2.0-only
/* Refused by the verifier: reads through a pointer that may be NULL. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} map SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getppid")
int read_null(void *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&map, &key);

	return *value;
}

char LICENSE[] SEC("license") = "GPL";
