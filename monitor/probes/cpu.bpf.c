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
 *
 * When targets change user space has all threads gone through: accounts of targets that let go are settled, and those
 * of who has come begin, so that what a thread did elsewhere is nobody's.
 */
#include "monitor/probes/cpu_record.h"
#include "monitor/probes/scope.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define TASK_DEAD 0x80 /* include/linux/sched.h: a thread's last switch */
#define PF_EXITING 0x4

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_iter__task {
	struct task_struct___monitor *task;
};

#pragma clang attribute pop

__u64 lost;
__u8 alive[CPU_TARGETS]; /* whether a target still has this number */

static const struct monitor_sample empty;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, CPU_WHATS * 64);
	__type(key, struct monitor_key);
	__type(value, struct monitor_sample);
} samples SEC(".maps");

struct left {
	__u64 at, runtime, run_delay; /* all 0: it is new */
	__u32 target; /* whose it was then */
	__u32 ended;
};

struct {
	__uint(type, MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCOPE_THREADS);
	__type(key, __u32);
	__type(value, struct left);
} threads SEC(".maps");

static __always_inline struct monitor_sample *sample_for(__u32 target, enum cpu_what what)
{
	struct monitor_key key = { .target = target, .what = what };

	return sample_of(&samples, &key, &empty);
}

static __always_inline void reckon(const struct left *last, const struct left *now, __u64 ns[CPU_WHATS])
{
	__u64 ran = now->runtime - last->runtime, queued = now->run_delay - last->run_delay,
	      passed = last->at ? now->at - last->at : 0;

	ns[CPU_RAN] = ran;
	ns[CPU_QUEUED] = queued;
	/* The clocks are read at different moments: what is left of a thread that was only preempted is no sleep. */
	ns[CPU_SLEPT] = passed > ran + queued && passed - ran - queued > 1000 ? passed - ran - queued : 0;
}

static __always_inline void count_since(__u32 target, const struct left *last, const struct left *now)
{
	struct monitor_sample *sample;
	__u64 ns[CPU_WHATS];
	__u32 what;

	reckon(last, now, ns);
	for (what = 0; what < CPU_WHATS; what++) {
		sample = ns[what] ? sample_for(target, what) : NULL;
		if (sample)
			sample_add(sample, ns[what]);
	}
}

/* With exec() a thread gets the number of the process's first one, which has run longer, perhaps. */
static __always_inline bool is_of_one(const struct left *last, const struct left *now)
{
	return last->runtime <= now->runtime && last->run_delay <= now->run_delay;
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
	struct left new = { .target = scope_current() };
	__u32 tid = child->pid;

	if (new.target)
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
	struct left now = { .target = target }, *last;

	if (!target || !tid)
		return 0;
	read_account(prev, &now);
	last = bpf_map_lookup_elem(&threads, &tid);
	if (last && is_of_one(last, &now)) {
		count_since(target, last, &now);
		now.ended = last->ended;
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
	struct left *last, now = { .target = target, .ended = 1 };

	if (!target)
		return 0;
	last = bpf_map_lookup_elem(&threads, &tid);
	if (last) {
		last->target = target;
		last->ended = 1;
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
	if (!last || !last->ended)
		return 0;
	read_account(task, &now);
	now.at = last->at; /* how long ago it ended is not known */
	if (is_of_one(last, &now))
		count_since(last->target, last, &now);
	bpf_map_delete_elem(&threads, &tid);
	return 0;
}

/* --- when targets change ------------------------------------------------------------------------------------------ */

/* As count_since(), but where a thread that leaves this CPU can count in between. */
static __always_inline void settle(const struct left *last, const struct left *now)
{
	struct monitor_sample *sample;
	__u64 ns[CPU_WHATS];
	__u32 what;

	reckon(last, now, ns);
	for (what = 0; what < CPU_WHATS; what++) {
		sample = ns[what] ? sample_for(last->target, what) : NULL;
		if (sample)
			sample_add_shared(sample, ns[what]);
	}
}

SEC("iter/task")
int monitor_cpu_follow(struct bpf_iter__task *ctx)
{
	const struct task_struct___monitor *task = ctx->task;
	struct left now = {}, *last;
	__u32 tid;

	if (!task)
		return 0;
	tid = task->pid;
	last = bpf_map_lookup_elem(&threads, &tid);
	now.target = scope_of_task(task);
	if (!last && !now.target)
		return 0;
	read_account(task, &now);
	if (last && (last->target >= CPU_TARGETS || !alive[last->target])) {
		if (is_of_one(last, &now))
			settle(last, &now);
		bpf_map_delete_elem(&threads, &tid);
	}
	/* It may have left a CPU by itself by now. At its end nobody would take it away again. */
	if (now.target && !(task->flags & PF_EXITING))
		bpf_map_update_elem(&threads, &tid, &now, BPF_NOEXIST);
	return 0;
}
