// SPDX-License-Identifier: GPL-2.0-only
/* What stands in front of a tool's program on sched_process_exit; see leaving.h. One of the filters is loaded at a time. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* The threads that are leaving a view. Their marks go with them. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u8);
} marks SEC(".maps");

/* The tool's program. The kernel empties it when the last descriptor is closed: then nothing runs any more. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} program SEC(".maps");

/* In the view, so that all who come by are members. */
SEC("kprobe/do_exit") int mark(void *ctx)
{
	bpf_task_storage_get(&marks, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return 0;
}

static __always_inline int pass(void *ctx)
{
	if (bpf_task_storage_get(&marks, bpf_get_current_task_btf(), 0, 0))
		bpf_tail_call(ctx, &program, 0);
	return 0;
}

SEC("?tp/sched/sched_process_exit") int at_event(void *ctx)
{
	return pass(ctx);
}

SEC("?raw_tp/sched_process_exit") int at_raw(void *ctx)
{
	return pass(ctx);
}

SEC("?tp_btf/sched_process_exit") int at_typed(void *ctx)
{
	return pass(ctx);
}

char _license[] SEC("license") = "GPL";
