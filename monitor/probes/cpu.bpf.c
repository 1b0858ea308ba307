// SPDX-License-Identifier: GPL-2.0-only
/*
 * What threads do with their time: run, wait for a CPU, sleep.
 *
 * One program, where a thread leaves its CPU, is enough, in the context of the thread itself, and so it can be in a
 * view: since it left the last time so much has passed, so much of it has it run and so much has it waited for a CPU,
 * by the kernel's account, and the rest it slept.
 *
 * The last time it leaves, it has no address space any more, and sees no view: whose it was is noted at its end, and the
 * account is read when nobody needs the thread any more.
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
	__u64 at, runtime, run_delay; /* all 0: it is new */
	__u32 target; /* of one that is at its end */
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
	      passed = last->at ? now->at - last->at : 0;

	count(target, CPU_RAN, ran);
	if (queued)
		count(target, CPU_QUEUED, queued);
	/* The clocks are read at different moments: what is left of a thread that was only preempted is no sleep. */
	if (passed > ran + queued && passed - ran - queued > 1000)
		count(target, CPU_SLEPT, passed - ran - queued);
}

static __always_inline void read_account(const struct task_struct___monitor *task, struct left *now)
{
	now->at = bpf_ktime_get_ns();
	now->runtime = task->se.sum_exec_runtime;
	now->run_delay = task->sched_info.run_delay;
}

/* What a member makes is the target's from its first instruction on, and is known before it can leave unseen. */
SEC("tp_btf/sched_process_fork")
int monitor_cpu_fork(__u64 *ctx)
{
	struct task_struct___monitor *child = (void *)ctx[1];
	struct left new = {};
	__u32 tid = child->pid;

	if (scope_current())
		bpf_map_update_elem(&threads, &tid, &new, BPF_ANY);
	return 0;
}

/*
 * Of another one, that joins in its midst, nothing is known but that it is here; unless it has never left a CPU before,
 * and this time is among the kernel's count.
 */
static __always_inline void count_first(__u32 target, const struct task_struct___monitor *task, const struct left *now)
{
	struct left new = {};

	if (task->nvcsw + task->nivcsw == 1)
		count_since(target, &new, now);
}

SEC("tp_btf/sched_switch")
int monitor_cpu(__u64 *ctx)
{
	struct task_struct___monitor *prev = (void *)ctx[1];
	__u32 target = scope_current(), tid = bpf_get_current_pid_tgid();
	struct left now = {}, *last;

	if (!target || !tid)
		return 0;
	read_account(prev, &now);
	last = bpf_map_lookup_elem(&threads, &tid);
	/* With exec() a thread gets the number of the process's first one, which has run longer, perhaps. */
	if (last && last->runtime <= now.runtime && last->run_delay <= now.run_delay) {
		count_since(target, last, &now);
		now.target = last->target;
		/* Its own thread alone writes it; an update would be a new entry in place of the old one. */
		*last = now;
	} else {
		count_first(target, prev, &now);
		bpf_map_update_elem(&threads, &tid, &now, BPF_ANY);
	}
	if (prev->__state & TASK_DEAD)
		bpf_map_delete_elem(&threads, &tid);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int monitor_cpu_exit(__u64 *ctx)
{
	struct task_struct___monitor *task = (void *)ctx[0];
	__u32 target = scope_current(), tid = bpf_get_current_pid_tgid();
	struct left *last, now = { .target = target };

	if (!target)
		return 0;
	last = bpf_map_lookup_elem(&threads, &tid);
	if (last) {
		last->target = target;
		return 0;
	}
	if (task->nvcsw + task->nivcsw)
		read_account(task, &now);
	bpf_map_update_elem(&threads, &tid, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_free")
int monitor_cpu_free(__u64 *ctx)
{
	struct task_struct___monitor *task = (void *)ctx[0];
	__u32 tid = task->pid;
	struct left now = {}, *last = bpf_map_lookup_elem(&threads, &tid);

	/* Its last switch has been seen, or it is nobody's. */
	if (!last || !last->target)
		return 0;
	read_account(task, &now);
	now.at = last->at; /* how long ago it ended is not known */
	if (last->runtime <= now.runtime && last->run_delay <= now.run_delay)
		count_since(last->target, last, &now);
	bpf_map_delete_elem(&threads, &tid);
	return 0;
}
