/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine in user space: its blocks lie in memory, maybe shared with the kernel; its clock is the caller's. */
#ifndef GUARD_MEMORY_H
#define GUARD_MEMORY_H

#include "guard/profile.h"

struct guard_env {
	union guard_block *blocks; /* the caller's; zeroed */
	__u32 count, *used;
	__u64 now; /* ns, or whatever the caller counts */
};

static inline union guard_block *guard_env_block(struct guard_env *env, __u32 number)
{
	return number && number <= *env->used && number <= env->count ? &env->blocks[number - 1]
								      : (union guard_block *)0;
}

static inline __u32 guard_env_block_new(struct guard_env *env)
{
	return *env->used < env->count ? __sync_fetch_and_add(env->used, 1) + 1 : 0;
}

static inline __u64 guard_env_now(const struct guard_env *env)
{
	return env->now;
}

static inline void guard_env_loop(__u32 count, long (*fn)(__u32 i, void *data), void *data)
{
	__u32 i;

	for (i = 0; i < count; i++)
		fn(i, data);
}

#include "guard/engine.h"

#endif /* GUARD_MEMORY_H */
