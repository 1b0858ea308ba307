// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine at the system calls of the machine, or, attached through a view, of its members. What is known of a task
 * ends with it; a profile belongs to the file that runs: an exec is noticed at the first call after it.
 */
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

#define SYS_RT_SIGRETURN 15
#define SYS_EXECVE 59
#define SYS_EXECVEAT 322
#define SYS_X32_RT_SIGRETURN 513
#define SYS_32_EXECVE 11
#define SYS_32_EXECVEAT 358
#define SYS_32_SIGRETURN 119
#define SYS_32_RT_SIGRETURN 173
#define TS_COMPAT 2
#define TIF_SIGPENDING 2
#define ERESTARTNOINTR 513
#define EXEC_SHIFT 48 /* of the count of execs in what tells tasks apart; times in ns that get there do no harm */
#define SIGKILL 9
#define SIGCONT 18
#define SIGSTOP 19
#define EPERM 1
#define BPF_F_NO_PREALLOC 1
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

struct task_struct___guard {
	struct mm_struct___guard *mm;
	char comm[GUARD_COMM];
};

struct sigaction___guard {
	void *sa_handler;
};

struct k_sigaction___guard {
	struct sigaction___guard sa;
};

struct io_kiocb___guard {
	unsigned char opcode;
};

struct seq_file;

struct bpf_iter_meta___guard {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta___guard *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

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

/* Processes that were stopped, and until when (ns since boot). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, GUARD_HELD_MAX);
} held SEC(".maps");

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

static void tell(const struct guard_task *task, __u32 call, __u32 seen)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct guard_record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record) {
		__sync_fetch_and_add(&counters.lost_events, 1);
		return;
	}
	record->time = bpf_ktime_get_boot_ns();
	record->tgid = id >> 32;
	record->tid = id;
	record->profile = task->profile;
	record->call = call;
	record->events = seen;
	record->lfc = task->lfc;
	record->calls = guard_task_calls(task);
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	bpf_ringbuf_submit(record, 0);
}

/* Of anomalies so many in a second are told; the rest is counted. */
static bool may_tell(struct guard_profile *profile, __u32 seen)
{
	__u64 now;

	if (seen & ~(GUARD_ANOMALY | GUARD_NOVELTY))
		return true;
	if (profile->told >= GUARD_TOLD_PER_SECOND) {
		now = bpf_ktime_get_boot_ns();
		if (now - profile->told_since < 1000000000) {
			__sync_fetch_and_add(&profile->untold, 1);
			return false;
		}
		profile->told_since = now;
		profile->told = 0;
	}
	__sync_fetch_and_add(&profile->told, 1);
	return true;
}

/*
 * Stop current, of @task, for @ns: whoever holds the map lets it go, also when the guard has died (holder.c). It must
 * not do so before there is something to end, so the signal comes first.
 */
static __u32 hold(struct guard_task *task, __u64 ns, __u32 done)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 until = bpf_ktime_get_boot_ns() + ns;

	if (settings.released || bpf_send_signal(SIGSTOP))
		return 0;
	if (bpf_map_update_elem(&held, &tgid, &until, BPF_ANY)) {
		bpf_send_signal(SIGCONT);
		__sync_fetch_and_add(&counters.not_held, 1);
		return 0;
	}
	task->flags |= GUARD_TASK_HELD;
	__sync_fetch_and_add(&counters.held, 1);
	return done;
}

static __u64 delay(__u32 lfc)
{
	__u64 ns = (__u64)settings.delay_ns << (lfc < 30 ? lfc : 30);

	return ns < settings.delay_max_ns ? ns : settings.delay_max_ns;
}

/* What the profile's responses make of an alarm or an anomaly. */
static __u32 respond(struct guard_profile *profile, struct guard_task *task, __u32 seen)
{
	__u32 response = profile->response, tgid = bpf_get_current_pid_tgid() >> 32;

	if (!response || response & GUARD_RESPONSE_SPARED || tgid == 1 || tgid == settings.guard_tgid ||
	    tgid == settings.holder_tgid)
		return 0;
	if (seen & GUARD_ALARMS && response & GUARD_RESPONSE_KILL) {
		if (bpf_send_signal(SIGKILL))
			return 0;
		task->flags |= GUARD_TASK_HELD;
		__sync_fetch_and_add(&counters.killed, 1);
		return GUARD_KILLED;
	}
	if (seen & GUARD_ALARMS && response & GUARD_RESPONSE_REFUSE_EXEC)
		task->no_exec_until = bpf_ktime_get_boot_ns() / 1000000000 + settings.refuse_seconds;
	if (seen & GUARD_ALARMS && response & GUARD_RESPONSE_STOP)
		return hold(task, settings.stop_ns, GUARD_STOPPED);
	if (seen & (GUARD_ANOMALY | GUARD_ALARMS) && response & GUARD_RESPONSE_SLOW)
		return hold(task, delay(task->lfc), GUARD_SLOWED);
	return 0;
}

static __attribute__((noinline)) void answer(struct guard_profile *profile, struct guard_task *task, __u32 call,
					     __u32 seen)
{
	seen |= respond(profile, task, seen);
	if (may_tell(profile, seen))
		tell(task, call, seen);
}

/* --- profiles --- */

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

/* --- tasks --- */

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

/* @task of the engine begins with the program that current runs. */
static __attribute__((noinline)) void begin(struct guard_task *task, __u64 born)
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
	guard_task_exec(task, profile, number);
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

static bool in_cgroups(void)
{
	__u32 i;

	for (i = 0; i < GUARD_CGROUPS_MAX && i < settings.cgroups; i++)
		if (bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return true;
	return false;
}

/* That of current, with the program that it runs now. */
static inline struct guard_task *current_task(struct task_struct *current)
{
	struct guard_task *task = find_task(current);
	__u64 now = born(current);

	if (task && task->born == now)
		return task;
	if (task)
		end(task);
	else
		task = make_task(current);
	if (task)
		begin(task, now);
	return task;
}

/* What the engine makes of a call: verified once, wherever the task lies. */
GUARD_FUNCTION __u32 guard_judge(struct guard_env *env, struct guard_profile *profile, struct guard_task *task,
				 __u32 number)
{
	struct guard_verdict verdict = {};

	GUARD_CHECK(env, profile && task, 0);
	guard_call(env, &settings.rule, profile, task, number, &verdict);
	return verdict.events;
}

/* A handler of @task has ended. */
static inline void returned(struct guard_task *task)
{
	guard_task_sigreturn(task);
	if (task->unmatched)
		__sync_fetch_and_add(&counters.unmatched_returns, 1);
	task->unmatched = 0;
}

/* Of x32 calls those that are numbered apart are one to the engine. */
static inline bool is_exec(__u32 number)
{
	return number == SYS_EXECVE || number == SYS_EXECVEAT ||
	       number == guard_call_number(GUARD_SPACE_32, SYS_32_EXECVE) ||
	       number == guard_call_number(GUARD_SPACE_32, SYS_32_EXECVEAT) ||
	       number == guard_call_number(GUARD_SPACE_X32, GUARD_NUMBER_MAX);
}

/* @task begins with call @number. Is that the exec that guard_exec() put off, and which was judged then? */
static inline bool comes_again(struct guard_task *task, __u32 number)
{
	bool again = task->flags & GUARD_TASK_AGAIN && is_exec(number);

	/* A handler may come first, and return to it. */
	if (again || !task->depth)
		task->flags &= ~GUARD_TASK_AGAIN;
	task->flags &= ~GUARD_TASK_HELD;
	return again;
}

/* Any call, of any task. */
static __attribute__((noinline)) void call(__u32 number, bool returns)
{
	struct guard_profile *profile;
	struct guard_task *task;
	__u32 seen;

	if (settings.cgroups && !in_cgroups())
		return;
	task = current_task(bpf_get_current_task_btf());
	if (!task || comes_again(task, number))
		return;
	profile = profile_at(task->profile);
	if (!profile)
		return;
	if (returns)
		returned(task);
	seen = guard_judge((struct guard_env *)0, profile, task, number);
	/* What is_usual() does not look at: whether it is in a cgroup, and whether it runs what it ran. */
	if (settings.cgroups || is_exec(number) || number > GUARD_NUMBER_MAX)
		guard_task_settle(task);
	if (seen & ~GUARD_NOVELTY)
		answer(profile, task, number, seen);
}

/*
 * A 64-bit call as all others of its program: true, and done. This is what guarded processes pay for all the time. An
 * exec is none, and the first call after it neither: nothing here notices that another program runs.
 */
static inline bool is_usual(struct task_struct *current, __u64 number)
{
	struct guard_task *task = place_of(current);
	struct guard_profile *profile;

	if (number >= GUARD_NUMBER_MAX || number == SYS_RT_SIGRETURN || number == SYS_EXECVE ||
	    number == SYS_EXECVEAT || !is_place_of(task, current))
		return false;
	profile = profile_at(task->profile);
	return profile && guard_call_usual(profile, task, number, number);
}

SEC("raw_tp/sys_enter")
int guard_sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *current = bpf_get_current_task_btf();
	bool returns, compat = current->thread_info.status & TS_COMPAT;
	__u64 number = ctx->args[1];

	if (!compat && is_usual(current, number))
		return 0;
	if (compat) {
		returns = number == SYS_32_SIGRETURN || number == SYS_32_RT_SIGRETURN;
		number = guard_call_number(GUARD_SPACE_32, number);
	} else {
		returns = number == SYS_RT_SIGRETURN || number == (SYS_X32_RT_SIGRETURN | GUARD_X32_BIT);
		number = guard_call_number(GUARD_SPACE_64, number);
	}
	call(number, returns);
	return 0;
}

SEC("raw_tp/io_uring_submit_req")
int guard_submit_req(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb___guard *request = (void *)ctx->args[0];

	call(guard_call_number(GUARD_SPACE_IO_URING, BPF_CORE_READ(request, opcode)), false);
	return 0;
}

/* Its name in 6.1, where the operation is an argument: context, request, user data, operation. */
SEC("raw_tp/io_uring_submit_sqe")
int guard_submit_sqe(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb___guard *request = (void *)ctx->args[0];

	call(guard_call_number(GUARD_SPACE_IO_URING, BPF_CORE_READ(request, opcode)), false);
	return 0;
}

/* Only a signal with a handler interrupts what the task does. */
SEC("raw_tp/signal_deliver")
int guard_signal(struct bpf_raw_tracepoint_args *ctx)
{
	struct k_sigaction___guard *action = (void *)ctx->args[2];
	struct guard_task *task;

	if ((unsigned long)BPF_CORE_READ(action, sa.sa_handler) <= 1)
		return 0;
	task = find_task(bpf_get_current_task_btf());
	if (!task)
		return 0;
	guard_task_signal(task);
	if (task->lost_frames)
		__sync_fetch_and_add(&counters.lost_frames, 1);
	task->lost_frames = 0;
	return 0;
}

/* Arguments: the parent, the child. */
SEC("tp_btf/sched_process_fork")
int guard_fork(__u64 *ctx)
{
	struct task_struct *new = (void *)ctx[1];
	struct guard_task *parent, *child;

	parent = find_task((void *)ctx[0]);
	if (!parent)
		return 0;
	child = make_task(new);
	if (!child)
		return 0;
	guard_task_fork(child, parent);
	child->tid = new->pid;
	child->born = born(new);
	return 0;
}

static int leave(void)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct guard_task *task = find_task(current);

	if (!task)
		return 0;
	end(task);
	task->born = 0;
	__asm__ volatile("" ::: "memory"); /* from here on it may be another's */
	task->tid = 0;
	bpf_task_storage_delete(&tasks, current);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int guard_exit(struct bpf_raw_tracepoint_args *ctx)
{
	return leave();
}

/* A member is none any more when sched_process_exit comes; this comes before, however a task ends. */
SEC("kprobe/do_exit")
int guard_member_exit(struct pt_regs *ctx)
{
	return leave();
}

/*
 * After an alarm, where the response says so: no other program. Who is to be stopped or killed does not come to it
 * either: a signal takes effect when a call returns, so this one returns before it has begun, and is made again when
 * the task goes on. Everybody's exec passes here while it is attached.
 */
SEC("?lsm/bprm_check_security")
int guard_exec(__u64 *ctx)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct guard_task *task = find_task(current);

	if (!task)
		return 0;
	if (task->no_exec_until > bpf_ktime_get_boot_ns() / 1000000000) {
		__sync_fetch_and_add(&counters.refused, 1);
		tell(task, 0, GUARD_REFUSED_EXEC);
		return -EPERM;
	}
	/* Without a signal nobody would make it again: the caller would see the number. */
	if (!(task->flags & GUARD_TASK_HELD) || !(current->thread_info.flags & 1 << TIF_SIGPENDING))
		return 0;
	task->flags |= GUARD_TASK_AGAIN;
	return -ERESTARTNOINTR;
}

/* All tasks that are guarded, as struct guard_task_record. */
SEC("iter/task")
int guard_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *of = ctx->task;
	struct guard_task_record record = {};
	struct guard_task *task;

	if (!of)
		return 0;
	task = find_task(of);
	if (!task)
		return 0;
	record.tgid = of->tgid;
	record.tid = of->pid;
	record.task = *task;
	guard_task_settle(&record.task);
	bpf_core_read_str(record.comm, sizeof(record.comm), &((struct task_struct___guard *)of)->comm);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
