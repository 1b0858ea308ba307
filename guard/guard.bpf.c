// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine at the system calls of the machine, or, attached through a view, of its members. What is known of a task
 * ends with it; a profile belongs to the file that runs: an exec is noticed at the first call after it.
 */
#include "guard/respond.bpf.h"
#include "guard/tasks.bpf.h"

#define SYS_RT_SIGRETURN 15
#define SYS_RESTART 219
#define SYS_EXECVE 59
#define SYS_EXECVEAT 322
#define SYS_X32_RT_SIGRETURN 513
#define SYS_32_RESTART 0
#define SYS_32_EXECVE 11
#define SYS_32_EXECVEAT 358
#define SYS_32_SIGRETURN 119
#define SYS_32_RT_SIGRETURN 173
#define PF_KTHREAD 0x200000
#define TS_COMPAT 2
#define TIF_SIGPENDING 2
#define SA_RESTART 0x10000000
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define EPERM 1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sigaction___guard {
	void *sa_handler;
	unsigned long sa_flags;
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

static bool in_cgroups(void)
{
	__u32 i;

	for (i = 0; i < GUARD_CGROUPS_MAX && i < settings.cgroups; i++)
		if (bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return true;
	return false;
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

/* What the kernel makes of a call that a signal interrupted and that goes on with what is left: the task did not ask for it. */
static inline bool is_restart(__u64 number, bool compat)
{
	return compat ? number == SYS_32_RESTART : (number & ~(__u64)GUARD_X32_BIT) == SYS_RESTART;
}

/* Any call, of any task; true: who makes it is to be held for it. */
static __attribute__((noinline)) bool call(__u32 number, bool returns)
{
	struct guard_profile *profile;
	struct guard_task *task;
	__u32 seen;

	if (settings.cgroups && !in_cgroups())
		return false;
	task = current_task(bpf_get_current_task_btf());
	if (!task)
		return false;
	profile = profile_at(task->profile);
	if (!profile)
		return false;
	task->flags &= ~GUARD_TASK_HELD;
	if (guard_task_again((struct guard_env *)0, profile, task, number, returns))
		return false;
	if (returns)
		returned(task);
	seen = guard_judge((struct guard_env *)0, profile, task, number);
	/* What is_usual() does not look at: whether it is in a cgroup, and whether it runs what it ran. */
	if (settings.cgroups || is_exec(number) || number > GUARD_NUMBER_MAX)
		guard_task_settle(task);
	if (seen & ~GUARD_NOVELTY)
		answer(profile, task, number, seen);
	return task->flags & GUARD_TASK_HELD;
}

/*
 * Who is to be stopped or killed does not come to the call itself: a signal takes effect when a call returns, so this one
 * returns before it has begun, and is made again when the task goes on. Without a signal nobody would make it again.
 */
static bool put_off(struct task_struct *current, struct guard_task *task)
{
	if (!(task->flags & GUARD_TASK_HELD) || !(current->thread_info.flags & 1 << TIF_SIGPENDING))
		return false;
	guard_task_put_off(task);
	return true;
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
	struct guard_task *task;

	if (!compat && is_usual(current, number))
		return 0;
	if (is_restart(number, compat))
		return 0;
	if (compat) {
		returns = number == SYS_32_SIGRETURN || number == SYS_32_RT_SIGRETURN;
		number = guard_call_number(GUARD_SPACE_32, number);
	} else {
		returns = number == SYS_RT_SIGRETURN || number == (SYS_X32_RT_SIGRETURN | GUARD_X32_BIT);
		number = guard_call_number(GUARD_SPACE_64, number);
	}
	if (!call(number, returns) || !settings.puts_off)
		return 0;
	task = find_task(current);
	return task && put_off(current, task);
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

/* The result of the call that a task comes back from, or 0 where it comes from somewhere else. */
static inline int result_of(unsigned long result, unsigned long call)
{
	return (int)call == -1 ? 0 : (int)result;
}

/*
 * A signal, a stop or work for it has ended a call in which the task waited, or forked. Unless a handler says otherwise
 * the kernel begins it anew, as if nothing had been; those that become restart_syscall are no calls then.
 */
SEC("kprobe/arch_do_signal_or_restart")
int guard_interrupted(struct pt_regs *ctx)
{
	struct pt_regs *registers = (void *)PT_REGS_PARM1(ctx);
	struct guard_task *task;
	int result = result_of(BPF_CORE_READ(registers, ax), BPF_CORE_READ(registers, orig_ax));

	if (result != -ERESTARTSYS && result != -ERESTARTNOINTR && result != -ERESTARTNOHAND)
		return 0;
	task = find_task(bpf_get_current_task_btf());
	if (task)
		guard_task_put_off(task);
	return 0;
}

/* Only a signal with a handler interrupts what the task does; the call may fail then. */
SEC("raw_tp/signal_deliver")
int guard_signal(struct bpf_raw_tracepoint_args *ctx)
{
	struct k_sigaction___guard *action = (void *)ctx->args[2];
	struct task_struct *current = bpf_get_current_task_btf();
	struct pt_regs *registers = (void *)bpf_task_pt_regs(current);
	struct guard_task *task;
	int result;

	if ((unsigned long)BPF_CORE_READ(action, sa.sa_handler) <= 1)
		return 0;
	task = find_task(current);
	if (!task)
		return 0;
	result = result_of(registers->ax, registers->orig_ax);
	if (result == -ERESTARTNOHAND ||
	    (result == -ERESTARTSYS && !(BPF_CORE_READ(action, sa.sa_flags) & SA_RESTART)))
		guard_task_give_up(task);
	guard_task_signal(task);
	if (task->lost_frames)
		__sync_fetch_and_add(&counters.lost_frames, 1);
	task->lost_frames = 0;
	return 0;
}

static inline bool is_kernel_thread(const struct task_struct *of)
{
	return ((const struct task_struct___guard *)of)->flags & PF_KTHREAD;
}

/* Arguments: the parent, the child. What the kernel itself starts, modprobe and others, does nothing before its exec. */
SEC("tp_btf/sched_process_fork")
int guard_fork(__u64 *ctx)
{
	struct task_struct *new = (void *)ctx[1], *old = (void *)ctx[0];
	struct guard_task *parent, *child;

	parent = find_task(old);
	if (!parent && (!is_kernel_thread(old) || is_kernel_thread(new)))
		return 0;
	child = make_task(new);
	if (!child)
		return 0;
	if (parent)
		guard_task_fork(child, parent);
	else
		child->profile = 0;
	child->tid = new->pid;
	child->born = born(new);
	return 0;
}

/* Its descriptors are still open: who is stopped is let go as they close, and afterwards nobody could do that. */
static void note_death(__u32 tgid)
{
	if (tgid == settings.holder_tgid || tgid == settings.guard_tgid)
		settings.released = 1;
}

/* Another thread of the process that current was the first one of execs, and goes on with its ids. */
static inline bool is_succeeded(struct task_struct *current)
{
	return current->pid == current->tgid &&
	       BPF_CORE_READ((struct task_struct___guard *)current, signal, group_exec_task);
}

static int leave(void)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct guard_task *task = find_task(current);

	if (current->pid == current->tgid)
		note_death(current->tgid);
	if (!task)
		return 0;
	end(task);
	task->profile = 0;
	if (is_succeeded(current))
		return 0; /* so that it is known that a program begins then */
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
 * After an alarm, where the response says so: no other program. Nor does who is to be stopped or killed come to it.
 * Everybody's exec passes here while it is attached.
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
	return put_off(current, task) ? -ERESTARTNOINTR : 0;
}

/* Nobody lets go on whom the guard has stopped, but the guard, and root, who is not root of a container. */
SEC("?lsm/task_kill")
int guard_continue(__u64 *ctx)
{
	struct task_struct *target = (void *)ctx[0], *sender = bpf_get_current_task_btf();
	__u32 tgid, uid;
	struct guard_hold *how;

	if ((int)ctx[2] != SIGCONT || sender->tgid == settings.guard_tgid || sender->tgid == settings.holder_tgid)
		return 0;
	tgid = target->tgid;
	uid = bpf_get_current_uid_gid();
	how = bpf_map_lookup_elem(&held, &tgid);
	if (!how || how->born != target->group_leader->start_time || (!uid && !sender->thread_pid->level))
		return 0;
	__sync_fetch_and_add(&counters.not_continued, 1);
	return -EPERM;
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
