/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is monitored: the first thing each program asks. The maps are shared by all of them; scope.bpf.c fills them,
 * too.
 */
#ifndef KVIEW_MONITOR_SCOPE_BPF_H
#define KVIEW_MONITOR_SCOPE_BPF_H

#include "monitor/probes/kernel.h"
#include "monitor/probes/sample.h"
#include "monitor/probes/scope_record.h"

/* Number of the target, by process, and by cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCOPE_TASKS);
	__type(key, __u32);
	__type(value, __u32);
} scope_tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCOPE_CGROUPS);
	__type(key, __u64);
	__type(value, __u32);
} scope_cgroups SEC(".maps");

static __always_inline __u32 scope_of_cgroup(__u64 id)
{
	__u32 *target = bpf_map_lookup_elem(&scope_cgroups, &id);

	return target ? *target : 0;
}

static __always_inline __u32 scope_of_tgid(__u32 tgid)
{
	__u32 *target = bpf_map_lookup_elem(&scope_tasks, &tgid);

	return target ? *target : 0;
}

/* 0: the process that runs here belongs to no target. */
static __always_inline __u32 scope_current(void)
{
	return scope_of_tgid(bpf_get_current_pid_tgid() >> 32) ?: scope_of_cgroup(bpf_get_current_cgroup_id());
}

static __always_inline __u32 scope_of_task(const struct task_struct___monitor *task)
{
	return scope_of_tgid(task->tgid) ?: scope_of_cgroup(BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id));
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

/* The value of @key in a map of samples, made when it is not there; NULL, and counted as lost: there is no room. */
#define sample_of(map, key, empty)                                           \
	({                                                                   \
		struct monitor_sample *sample = bpf_map_lookup_elem(map, key); \
		if (!sample) {                                               \
			bpf_map_update_elem(map, key, empty, BPF_NOEXIST);   \
			sample = bpf_map_lookup_elem(map, key);              \
		}                                                            \
		if (!sample)                                                 \
			__sync_fetch_and_add(&lost, 1);                      \
		sample;                                                      \
	})

/* For maps each CPU has an own value of. */
static __always_inline void sample_add(struct monitor_sample *sample, __u64 value)
{
	__u32 slot = monitor_slot(value);

	sample->count++;
	sample->sum += value;
	if (slot < MONITOR_SLOTS)
		sample->slots[slot]++;
}

/* For those all CPUs share. */
static __always_inline void sample_add_shared(struct monitor_sample *sample, __u64 value)
{
	__u32 slot = monitor_slot(value);

	__sync_fetch_and_add(&sample->count, 1);
	__sync_fetch_and_add(&sample->sum, value);
	if (slot < MONITOR_SLOTS)
		__sync_fetch_and_add(&sample->slots[slot], 1);
}

#endif /* KVIEW_MONITOR_SCOPE_BPF_H */
