/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measured programs have in common; each object that includes this has maps of its own. */
#ifndef BENCH_RECORD_BPF_H
#define BENCH_RECORD_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* processes that run while something is attached */
	__type(key, __u32);	   /* process */
	__type(value, __u64);
} counts SEC(".maps");

/* The usual little work of a tracer: one event more for this process. */
static int record(void)
{
	__u32 process = bpf_get_current_pid_tgid() >> 32;
	__u64 *count = bpf_map_lookup_elem(&counts, &process), one = 1;

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &process, &one, BPF_NOEXIST);
	return 0;
}

#endif
