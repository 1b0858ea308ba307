/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs share: settings, counters, maps; and what the engine asks for. */
#ifndef GUARD_MAPS_BPF_H
#define GUARD_MAPS_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "guard/profile.h"

struct guard_env {
	__u32 unused;
};

static inline union guard_block *guard_env_block(struct guard_env *env, __u32 number);
static inline __u32 guard_env_block_new(struct guard_env *env);
static inline __u64 guard_env_now(const struct guard_env *env);

/* A loop in sight of the verifier would have too many branches, and so would functions that it follows at each call. */
#define GUARD_FUNCTION __attribute__((noinline))
#define guard_env_loop(count, fn, data) bpf_loop(count, fn, data, 0)

#include "guard/guard_record.h"

#define BPF_F_NO_PREALLOC 1

struct guard_settings settings;
struct guard_counters counters;

/*
 * Most tasks have a place here, by their ids, where no function has to be called to find them. Who finds its own taken
 * is in its storage.
 */
struct guard_task places[GUARD_PLACES];

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct guard_profile);
	__uint(max_entries, 1);
} profiles SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, union guard_block);
	__uint(max_entries, 1);
} blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct guard_identity);
	__type(value, __u32);
	__uint(max_entries, 1);
} identities SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct guard_task);
} tasks SEC(".maps");

/* Processes that were stopped. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct guard_hold);
	__uint(max_entries, GUARD_HELD_MAX);
} held SEC(".maps");

/* Wakes the holder to look there; what is in it tells nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} stops SEC(".maps");

/* Processes that are left alone, and when they began, in clock ticks since boot as in /proc/PID/stat. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, GUARD_SPARED_MAX);
} spared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, GUARD_CGROUPS_MAX);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* --- what the engine asks for --- */

static inline union guard_block *guard_env_block(struct guard_env *env, __u32 number)
{
	__u32 index = number - 1;

	return bpf_map_lookup_elem(&blocks, &index);
}

static inline __u32 guard_env_block_new(struct guard_env *env)
{
	if (counters.blocks >= settings.block_max) {
		__sync_fetch_and_add(&counters.no_block, 1);
		return 0;
	}
	return __sync_fetch_and_add(&counters.blocks, 1) + 1;
}

static inline __u64 guard_env_now(const struct guard_env *env)
{
	return bpf_ktime_get_boot_ns();
}

/* --- what is told, and done --- */

static struct guard_profile *profile_at(__u32 number)
{
	__u32 index = number - 1;

	return bpf_map_lookup_elem(&profiles, &index);
}

#endif /* GUARD_MAPS_BPF_H */
