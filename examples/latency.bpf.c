// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long vfs_read() takes, as a histogram for each process.
 *
 * An ordinary object for libbpf, with nothing of kview in it. Try
 *
 *	kview run build/examples/latency.bpf.o --pid $(pidof redis-server)
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SLOTS 32 /* the last one is for what takes two seconds and more */

struct reads {
	__u64 count;
	__u64 failed;
	__u64 total_ns;
	__u32 log2_ns[SLOTS]; /* how many took 2^i to 2^(i+1) ns */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* threads that are inside at the same time */
	__type(key, __u32);	    /* thread */
	__type(value, __u64);	    /* ns, when it entered */
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* process */
	__type(value, struct reads);
} reads SEC(".maps");

static __u32 log2_slot(__u64 value)
{
	__u32 slot = 0;

	for (int bits = 16; bits; bits /= 2) {
		if (value >> bits) {
			value >>= bits;
			slot += bits;
		}
	}
	return slot;
}

static struct reads *find_reads(void)
{
	static const struct reads none;
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	struct reads *found = bpf_map_lookup_elem(&reads, &process);

	if (found)
		return found;
	bpf_map_update_elem(&reads, &process, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&reads, &process);
}

SEC("kprobe/vfs_read")
int on_entry(void *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&entries, &thread, &now, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int BPF_KRETPROBE(on_return, long result)
{
	__u32 thread = bpf_get_current_pid_tgid();
	__u64 *entered = bpf_map_lookup_elem(&entries, &thread), ns;
	struct reads *found = find_reads();

	if (!entered)
		return 0;
	ns = bpf_ktime_get_ns() - *entered;
	bpf_map_delete_elem(&entries, &thread);
	if (!found)
		return 0;
	__sync_fetch_and_add(&found->count, 1);
	__sync_fetch_and_add(&found->total_ns, ns);
	__sync_fetch_and_add(&found->log2_ns[log2_slot(ns) & (SLOTS - 1)], 1);
	if (result < 0)
		__sync_fetch_and_add(&found->failed, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
