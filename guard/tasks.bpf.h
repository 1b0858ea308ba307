/* SPDX-License-Identifier: GPL-2.0-only */
/* Which profile a task has, what is known of it, and where that is kept. */
#ifndef GUARD_TASKS_BPF_H
#define GUARD_TASKS_BPF_H

#include "guard/tell.bpf.h"

#define EXEC_SHIFT 48 /* of the count of execs in what tells tasks apart; times in ns that get there do no harm */
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block___guard {
	unsigned int s_dev;
};

struct inode___guard {
	struct super_block___guard *i_sb;
	unsigned long i_ino;
};

struct file___guard {
	struct inode___guard *f_inode;
};

struct mm_struct___guard {
	struct file___guard *exe_file;
};

struct signal_struct___guard {
	struct task_struct *group_exec_task;
};

struct task_struct___guard {
	unsigned int flags;
	struct signal_struct___guard *signal;
	struct mm_struct___guard *mm;
	char comm[GUARD_COMM];
};

#pragma clang attribute pop

/* The number of a new profile; 0: none left. Whoever is second takes the first one's. */
static __u32 profile_new(const struct guard_identity *identity)
{
	struct guard_profile *profile;
	__u32 number, *known;

	if (counters.profiles >= settings.profile_max)
		return 0;
	number = __sync_fetch_and_add(&counters.profiles, 1) + 1;
	profile = profile_at(number);
	if (!profile)
		return 0;
	profile->identity = *identity;
	profile->created = bpf_ktime_get_boot_ns();
	profile->response = settings.response;
	bpf_get_current_comm(profile->comm, sizeof(profile->comm));
	if (!bpf_map_update_elem(&identities, identity, &number, BPF_NOEXIST))
		return number;
	known = bpf_map_lookup_elem(&identities, identity);
	return known ? *known : 0;
}

static inline struct guard_task *place_of(const struct task_struct *of)
{
	struct guard_task *place = &places[(__u32)of->pid % GUARD_PLACES];

	GUARD_CHECKED(place); /* else it would be computed anew for each of its fields */
	return place;
}

/*
 * A place is left as it is when its task stops being guarded before it ends, or execs as another than its leader, which
 * gives it another id. The next one with that id was born at another time, and takes it.
 */
static inline bool is_place_of(const struct guard_task *place, const struct task_struct *of)
{
	return !((place->born ^ of->start_time) << (64 - EXEC_SHIFT));
}

/* What is known of it, maybe from before its last exec; NULL: nothing. */
static inline struct guard_task *find_task(struct task_struct *of)
{
	struct guard_task *place = place_of(of);

	return is_place_of(place, of) ? place : bpf_task_storage_get(&tasks, of, 0, 0);
}

/* For one of whom nothing is known. */
static inline struct guard_task *make_task(struct task_struct *of)
{
	struct guard_task *place = place_of(of), *task;
	__u32 tid = of->pid;

	if (place->tid == tid || !__sync_val_compare_and_swap(&place->tid, 0, tid)) {
		place->no_exec_until = 0;
		return place;
	}
	task = bpf_task_storage_get(&tasks, of, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (task)
		task->tid = tid;
	else
		__sync_fetch_and_add(&counters.no_task, 1);
	return task;
}

static inline __u64 born(const struct task_struct *of)
{
	return of->start_time ^ (__u64)of->self_exec_id << EXEC_SHIFT;
}

/* @task of the engine begins with the program that current runs: as it @execs, or else in the middle of what it does. */
static __attribute__((noinline)) void begin(struct guard_task *task, __u64 born, bool execs)
{
	struct task_struct___guard *current = (void *)bpf_get_current_task_btf();
	struct inode___guard *inode = BPF_CORE_READ(current, mm, exe_file, f_inode);
	struct guard_identity identity = {};
	struct guard_profile *profile;
	__u32 number, is_new = 0, *known;

	task->born = born;
	task->profile = 0;
	if (!inode)
		return;
	identity.device = BPF_CORE_READ(inode, i_sb, s_dev);
	identity.inode = BPF_CORE_READ(inode, i_ino);
	known = bpf_map_lookup_elem(&identities, &identity);
	if (known) {
		number = *known;
	} else {
		number = profile_new(&identity);
		is_new = 1;
	}
	profile = profile_at(number);
	if (!profile) {
		__sync_fetch_and_add(&counters.no_profile, 1);
		return;
	}
	if (execs)
		guard_task_exec(task, profile, number);
	else
		guard_task_meet(&settings.rule, task, profile, number);
	if (is_new)
		tell(task, 0, GUARD_NEW_PROFILE);
}

/* The end of what a task did in its profile. */
static __attribute__((noinline)) void end(struct guard_task *task)
{
	struct guard_profile *profile = profile_at(task->profile);
	__u32 seen;

	if (!profile)
		return;
	seen = guard_task_exit((struct guard_env *)0, &settings.rule, profile, task);
	if (seen && may_tell(profile, seen))
		tell(task, 0, seen);
}

/* That of current, with the program that it runs now. */
static inline struct guard_task *current_task(struct task_struct *current)
{
	struct guard_task *task = find_task(current);
	__u64 now = born(current);
	bool execs = task;

	if (task && task->born == now)
		return task;
	if (execs)
		end(task);
	else
		task = make_task(current);
	if (task)
		begin(task, now, execs);
	return task;
}

#endif /* GUARD_TASKS_BPF_H */
