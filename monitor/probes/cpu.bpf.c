// SPDX-License-Identifier: GPL-2.0-only
/*
 * What threads do with their time: run, wait for a CPU, sleep.
 *
 * One program, where a thread leaves its CPU, is enough, in the context of the thread itself, and so it can be in a
 * view: since it left the last time so much has passed, so much of it has it run and so much has it waited for a CPU,
 * by the kernel's account, and the rest it slept.
 */
#include "monitor/probes/cpu_record.h"
#include "monitor/probes/scope.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define TASK_DEAD 0x80 /* include/linux/sched.h: a thread's last switch */

__u64 lost;

static const struct monitor_sample empty;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, CPU_WHATS * 64);
	__type(key, struct monitor_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

struct left {
	__u64 at, runtime, run_delay;
};

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCOPE_THREADS);
	__type(key, __u32);
	__type(value, struct left);
} threads SEC(".maps");

static __always_inline void count(__u32 target, enum cpu_what what, __u64 ns)
{
	struct monitor_key key = { .target = target, .what = what };
	struct monitor_sample *sample = sample_of(&samples, &key, &empty);

	if (sample)
		sample_add(sample, ns);
}

static __always_inline void count_since(__u32 target, const struct left *last, const struct left *now)
{
	__u64 ran = now->runtime - last->runtime, queued = now->run_delay - last->run_delay,
	      passed = now->at - last->at;

	count(target, CPU_RAN, ran);
	if (queued)
		count(target, CPU_QUEUED, queued);
	/* The clocks are read at different moments: what is left of a thread that was only preempted is no sleep. */
	if (passed > ran + queued && passed - ran - queued > 1000)
		count(target, CPU_SLEPT, passed - ran - queued);
}

SEC("tp_btf/sched_switch")
int monitor_cpu(__u64 *ctx)
{
	struct task_struct___monitor *prev = (void *)ctx[1];
	__u32 target = scope_current(), tid = bpf_get_current_pid_tgid();
	struct left now, *last;

	if (!target || !tid)
		return 0;
	now.at = bpf_ktime_get_ns();
	now.runtime = prev->se.sum_exec_runtime;
	now.run_delay = prev->sched_info.run_delay;
	last = bpf_map_lookup_elem(&threads, &tid);
	if (last) {
		count_since(target, last, &now);
		/* Its own thread alone writes it; an update would be a new entry in place of the old one. */
		*last = now;
	} else {
		bpf_map_update_elem(&threads, &tid, &now, BPF_ANY);
	}
	if (prev->__state & TASK_DEAD)
		bpf_map_delete_elem(&threads, &tid);
	return 0;
}
