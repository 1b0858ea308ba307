// SPDX-License-Identifier: GPL-2.0-only
/* System calls of the targets: how often, how long, how many failed. */
#include "monitor/probes/scope.bpf.h"

char LICENSE[] SEC("license") = "GPL";

__u64 lost;

static const struct monitor_sample empty;

/* What is the number of the call. The first extra sums errors. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct monitor_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

struct call {
	__u64 at;
	__u32 target, number;
};

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCOPE_THREADS);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

SEC("raw_tp/sys_enter")
int monitor_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct call call = { .target = scope_current(), .number = ctx->args[1] };
	__u32 tid = bpf_get_current_pid_tgid();

	if (!call.target)
		return 0;
	call.at = bpf_ktime_get_ns();
	bpf_map_update_elem(&calls, &tid, &call, BPF_ANY);
	return 0;
}

SEC("raw_tp/sys_exit")
int monitor_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	struct monitor_sample *sample;
	struct monitor_key key = {};
	long result = ctx->args[1];

	if (!call)
		return 0;
	key.target = call->target;
	key.what = call->number;
	sample = sample_of(&samples, &key, &empty);
	if (sample) {
		sample_add(sample, bpf_ktime_get_ns() - call->at);
		if (result < 0 && result >= -4095)
			sample->extra[0]++;
	}
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}
