// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count system calls by number, and measure how long they take.
 *
 * An ordinary object for libbpf, with nothing of kview in it: it looks at whoever it is run for. Try
 *
 *	kview run build/examples/syscount.bpf.o --pid $(pidof redis-server)
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SLOTS 32 /* the last one is for what takes two seconds and more */

/* A system call a thread is in. */
struct entry {
	__u64 start_ns;
	__u64 number;
};

struct call {
	__u64 count;
	__u64 total_ns;
	__u64 max_ns;
	__u32 log2_ns[SLOTS]; /* how many took 2^i to 2^(i+1) ns */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* threads that are in a system call at the same time */
	__type(key, __u32);	    /* thread */
	__type(value, struct entry);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* x86-64 has fewer than 600 system calls */
	__type(key, __u32);	   /* number */
	__type(value, struct call);
} calls SEC(".maps");

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

static struct call *find_call(__u32 number)
{
	static const struct call none;
	struct call *call = bpf_map_lookup_elem(&calls, &number);

	if (call)
		return call;
	bpf_map_update_elem(&calls, &number, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&calls, &number);
}

SEC("raw_tp/sys_enter")
int on_enter(struct bpf_raw_tracepoint_args *ctx) /* struct pt_regs *regs, long number */
{
	struct entry entry = { .start_ns = bpf_ktime_get_ns(), .number = ctx->args[1] };
	__u32 thread = bpf_get_current_pid_tgid();
	struct call *call = find_call(entry.number);

	if (call)
		__sync_fetch_and_add(&call->count, 1);
	bpf_map_update_elem(&entries, &thread, &entry, BPF_ANY);
	return 0;
}

SEC("raw_tp/sys_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx) /* struct pt_regs *regs, long result */
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct entry *entry = bpf_map_lookup_elem(&entries, &thread);
	struct call *call;
	__u64 ns;

	if (!entry)
		return 0;
	ns = bpf_ktime_get_ns() - entry->start_ns;
	call = find_call(entry->number);
	bpf_map_delete_elem(&entries, &thread);
	if (!call)
		return 0;
	__sync_fetch_and_add(&call->total_ns, ns);
	__sync_fetch_and_add(&call->log2_ns[log2_slot(ns) & (SLOTS - 1)], 1);
	if (ns > call->max_ns)
		call->max_ns = ns;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
