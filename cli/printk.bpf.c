// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pass on what the programs of one object print with bpf_printk().
 *
 * trace_pipe would do, but it is one for the whole machine: reading it takes lines away from other readers, and shows
 * theirs. This program hangs on the tracepoint bpf_trace_printk, which costs nothing unless a program prints.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "cli/printk_line.h"

/*
 * Where the code of the object's programs is, in chunks of which no two programs share one. User space makes it as
 * large as it has to be.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u8);
} code SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* 900 of the longest lines */
} lines SEC(".maps");

__u64 lost;
_Bool everybody; /* nobody knows where the code is */

/* This program, what calls it for the tracepoint, and the helper stand before the program that prints: about six. */
#define FRAMES 16

/* The tracepoint does not tell which program prints; the stack does. */
static int is_ours(void *ctx)
{
	__u64 frames[FRAMES], chunk;
	long size = bpf_get_stack(ctx, frames, sizeof(frames), 0);
	int i;

	for (i = 0; i < FRAMES; i++) {
		if (size < (long)((i + 1) * sizeof(frames[0])))
			return 0;
		chunk = frames[i] / PRINTK_CHUNK;
		if (bpf_map_lookup_elem(&code, &chunk))
			return 1;
	}
	return 0;
}

SEC("raw_tp/bpf_trace_printk")
int forward_line(struct bpf_raw_tracepoint_args *ctx)
{
	struct printk_line *line;

	if (!everybody && !is_ours(ctx))
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
