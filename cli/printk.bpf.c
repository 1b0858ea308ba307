// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pass on what members' programs print with bpf_printk().
 *
 * trace_pipe would do, but it is one for the whole machine: reading it takes lines away from other readers, and shows
 * theirs. This program hangs on the tracepoint bpf_trace_printk, which costs nothing unless a program prints.
 */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "cli/printk_line.h"

struct mm_struct;

/* The fields used; their places come from the running kernel's BTF. */
struct task_struct {
	int tgid;
	struct mm_struct *mm;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

/* Process ids in the first pid namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* as many processes as one command line can name */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} members SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* 900 of the longest lines */
} lines SEC(".maps");

__u64 lost;
_Bool everybody; /* members come and go by themselves: no filter */

/* vfork's child runs on its parent's memory, and so in its parent's view, until its exec. */
static int is_member(struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid), parent = BPF_CORE_READ(task, real_parent, tgid);

	if (bpf_map_lookup_elem(&members, &tgid))
		return 1;
	return bpf_map_lookup_elem(&members, &parent) &&
	       BPF_CORE_READ(task, mm) == BPF_CORE_READ(task, real_parent, mm);
}

SEC("raw_tp/bpf_trace_printk")
int forward_line(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct printk_line *line;

	if (!everybody && !is_member(task))
		return 0;
	line = bpf_ringbuf_reserve(&lines, sizeof(*line), 0);
	if (!line) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	line->ns = bpf_ktime_get_ns();
	line->tid = (__u32)bpf_get_current_pid_tgid();
	line->tgid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(line->comm, sizeof(line->comm));
	if (bpf_probe_read_kernel_str(line->text, sizeof(line->text), (void *)ctx->args[0]) < 0)
		line->text[0] = '\0';
	bpf_ringbuf_submit(line, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
