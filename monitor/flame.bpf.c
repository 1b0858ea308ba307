// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks of processes, counted in the kernel.
 *
 * On-CPU: a program on perf events that exist for the chosen threads alone, so nobody else pays for it.
 *
 * Off-CPU: a program where a thread leaves its CPU. The time it then spends off it is known when it leaves the next
 * time: what has passed, less what it has run meanwhile. So one place is enough, in the context of the thread itself.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "flame_record.h"

char LICENSE[] SEC("license") = "GPL";

#define BPF_F_USER_STACK (1 << 8)
#define EEXIST 17
#define TASK_DEAD 0x80 /* include/linux/sched.h: a thread's last switch */
#define MAP_TYPE_CGROUP_ARRAY 8

/* The pid namespace whose numbers user space means; ino 0: the first one. */
const volatile __u64 pidns_dev, pidns_ino;
__u32 cgroup_count;
/* A view, or a perf event, has already chosen who gets here. */
const volatile bool scoped;

__u64 lost[FLAME_LOST_MAX];

/* Not of type STACK_TRACE, in which two stacks that fall into one slot exclude each other. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLAME_STACKS);
	__type(key, __u64);
	__type(value, struct flame_stack);
} stacks SEC(".maps");

/* Room to build one. Nothing that runs here is interrupted by something that does. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flame_stack);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLAME_KEYS);
	__type(key, struct flame_key);
	__type(value, struct flame_value);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLAME_THREADS);
	__type(key, __u32);
	__type(value, struct flame_sleep);
} sleeping SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLAME_THREADS);
	__type(key, __u32);
	__type(value, struct flame_member);
} members SEC(".maps");

struct {
	__uint(type, MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, FLAME_CGROUPS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} cgroups SEC(".maps");

/* Images that have been told of. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLAME_THREADS);
	__type(key, struct flame_image);
	__type(value, __u8);
} images SEC(".maps");

/* Of struct flame_image, at their first stack: user space looks at their mappings while they are there. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} news SEC(".maps");

static __always_inline void count_lost(enum flame_lost what)
{
	__sync_fetch_and_add(&lost[what], 1);
}

/* Pid and tgid as user space sees them; 0 when it does not. */
static __always_inline __u64 pid_tgid(void)
{
	struct bpf_pidns_info {
		__u32 pid, tgid;
	} info;

	if (!pidns_ino)
		return bpf_get_current_pid_tgid();
	if (bpf_get_ns_current_pid_tgid(pidns_dev, pidns_ino, (void *)&info, sizeof(info)))
		return 0;
	return (__u64)info.tgid << 32 | info.pid;
}

static __always_inline bool in_cgroup(void)
{
	__u32 i;

	for (i = 0; i < FLAME_CGROUPS && i < cgroup_count; i++)
		if (bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return true;
	return false;
}

static __always_inline bool in_scope(__u32 tgid)
{
	if (scoped)
		return true;
	return bpf_map_lookup_elem(&members, &tgid) || in_cgroup();
}

static __always_inline void tell_image(const struct flame_image *image)
{
	const __u8 told = 1;

	if (bpf_map_update_elem(&images, image, &told, BPF_NOEXIST))
		return;
	if (bpf_ringbuf_output(&news, (void *)image, sizeof(*image), 0)) {
		bpf_map_delete_elem(&images, image);
		count_lost(FLAME_LOST_IMAGES);
	}
}

static __always_inline __u64 hash_stack(const struct flame_stack *stack)
{
	__u64 hash = stack->count;
	__u32 i;

	for (i = 0; i < FLAME_DEPTH && i < stack->count; i++) {
		hash = (hash ^ stack->addrs[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	return hash <= FLAME_STACK_LOST ? hash + 2 : hash;
}

/* Keep the stack and return its id. */
static __noinline __u64 keep_stack(struct flame_stack *stack)
{
	__u64 id;
	int err; /* before v6.4 the upper half of what comes back means nothing */

	if (!stack)
		return FLAME_NO_STACK;
	id = hash_stack(stack);
	err = bpf_map_update_elem(&stacks, &id, stack, BPF_NOEXIST);
	if (!err || err == -EEXIST)
		return id;
	count_lost(FLAME_LOST_STACKS);
	return FLAME_STACK_LOST;
}

static __always_inline __u64 stack_id(void *ctx, __u64 flags)
{
	const __u32 zero = 0;
	struct flame_stack *stack = bpf_map_lookup_elem(&scratch, &zero);
	long len;

	if (!stack)
		return FLAME_NO_STACK;
	len = bpf_get_stack(ctx, stack->addrs, sizeof(stack->addrs), flags);
	if (len <= 0)
		return FLAME_NO_STACK;
	stack->count = len / sizeof(__u64);
	return keep_stack(stack);
}

static __always_inline void make_key(void *ctx, __u32 tgid, struct task_struct *task, struct flame_key *key)
{
	key->image.tgid = tgid;
	key->image.exec = BPF_CORE_READ(task, self_exec_id);
	key->kernel = stack_id(ctx, 0);
	key->user = stack_id(ctx, BPF_F_USER_STACK);
	bpf_get_current_comm(key->comm, sizeof(key->comm));
	tell_image(&key->image);
}

static __always_inline void add(const struct flame_key *key, __u64 amount)
{
	struct flame_value *value = bpf_map_lookup_elem(&counts, key), first = {};

	if (!value) {
		bpf_map_update_elem(&counts, key, &first, BPF_NOEXIST);
		value = bpf_map_lookup_elem(&counts, key);
	}
	if (!value) {
		count_lost(FLAME_LOST_KEYS);
		return;
	}
	__sync_fetch_and_add(&value->value, amount);
	__sync_fetch_and_add(&value->count, 1);
}

SEC("perf_event")
int on_cpu(void *ctx)
{
	__u64 ids = pid_tgid();
	struct flame_key key = {};

	if (!ids)
		return 0;
	make_key(ctx, ids >> 32, (void *)bpf_get_current_task(), &key);
	add(&key, 1);
	return 0;
}

/* Time off the CPU since @sleep, now that the thread leaves once more. */
static __always_inline void end_sleep(const struct flame_sleep *sleep, __u64 now, __u64 runtime)
{
	__u64 passed = now - sleep->since, ran = runtime - sleep->runtime;

	/* The two clocks are read at different moments. */
	if (passed > ran)
		add(&sleep->key, passed - ran);
}

SEC("tp_btf/sched_switch")
int off_cpu(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1];
	__u64 ids = pid_tgid();
	__u32 tid = ids, tgid = ids >> 32;
	struct flame_sleep *last, sleep = {};

	if (!tgid || !in_scope(tgid))
		return 0;
	sleep.since = bpf_ktime_get_ns();
	sleep.runtime = BPF_CORE_READ(prev, se.sum_exec_runtime);
	sleep.tgid = tgid;
	last = bpf_map_lookup_elem(&sleeping, &tid);
	if (last)
		end_sleep(last, sleep.since, sleep.runtime);
	if (BPF_CORE_READ(prev, __state) & TASK_DEAD) {
		bpf_map_delete_elem(&sleeping, &tid);
		return 0;
	}
	make_key(ctx, tgid, prev, &sleep.key);
	if (bpf_map_update_elem(&sleeping, &tid, &sleep, BPF_ANY))
		count_lost(FLAME_LOST_THREADS);
	return 0;
}

/* Who forks is current. Threads are in their process already. */
SEC("tp_btf/sched_process_fork")
int follow_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	__u32 tgid = BPF_CORE_READ(parent, tgid), new = BPF_CORE_READ(child, tgid);
	struct flame_member *member = bpf_map_lookup_elem(&members, &tgid), copy;

	if (!member || !member->follow || tgid == new)
		return 0;
	copy = *member;
	if (bpf_map_update_elem(&members, &new, &copy, BPF_ANY))
		count_lost(FLAME_LOST_THREADS);
	return 0;
}

/* Its number can be another process's next. Not at its exit: its threads still leave their CPUs for the last time. */
SEC("tp_btf/sched_process_free")
int forget_process(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);

	if (BPF_CORE_READ(task, pid) == (int)tgid)
		bpf_map_delete_elem(&members, &tgid);
	return 0;
}
