// SPDX-License-Identifier: GPL-2.0-only
#include <linux/compat.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <asm/syscall.h>

#include "compat/prog.h"
#include "compat/symbols.h"
#include "run.h"
#include "run_program.h"
#include "stub.h"

/* The records perf_call_bpf_enter() and perf_call_bpf_exit() build; fields a program may not read do no harm. */
struct enter_record {
	struct pt_regs *regs;
	u64 number;
	unsigned long args[6];
};

struct exit_record {
	struct pt_regs *regs;
	u64 number;
	long ret;
};

/* Hooks of a stub, from @first to before @end. */
struct call_range {
	u32 first, end;
};

/* @apart: some hooks may be for some threads alone. */
static __always_inline void run_range(struct kview_stub *stub, struct call_range range, const void *record, bool apart)
{
	int __percpu *active = (void __percpu *)kview_symbols.bpf_prog_active;
	bool busy;
	u32 i;

	if (range.first == range.end)
		return;
	busy = this_cpu_inc_return(*active) != 1;
	for (i = range.first; i < range.end; i++) {
		if (apart && !kview_stub_is_for(stub, i, current))
			continue;
		if (unlikely(busy))
			kview_run_missed_one(stub->hooks[i]);
		else
			kview_run_program(stub->hooks[i], record);
	}
	this_cpu_dec(*active);
}

/* The hooks for this number in @range[0], those for all numbers, which are sorted behind them, in @range[1]. */
static bool find_calls(const struct kview_stub *stub, u64 number, struct call_range range[2])
{
	range[0] = (struct call_range){};
	/* trace_get_syscall_nr() hides 32-bit calls, and numbers the table does not have, from these tracepoints. */
	if (number <= KVIEW_SYSCALL_MAX && !in_32bit_syscall())
		range[0] = (struct call_range){ stub->first[number], stub->first[number + 1] };
	range[1] = (struct call_range){ stub->first[KVIEW_SYSCALL_MAX + 1], stub->group[KVIEW_CALLS + 1] };
	return range[0].first != range[0].end || range[1].first != range[1].end;
}

/* A call that user space dispatched to itself is none of the tracepoints' business; see syscall_exit_work(). */
static bool dispatched_to_user(void)
{
	return test_syscall_work(SYSCALL_USER_DISPATCH) && current->syscall_dispatch.on_dispatch;
}

/* Did the tracepoint fire, for a call that seccomp let pass? See syscall_trace_enter(). */
static bool has_fired(void)
{
	if (dispatched_to_user() || test_syscall_work(SYSCALL_EMU))
		return false;
	return !test_syscall_work(SYSCALL_TRACE) || !fatal_signal_pending(current);
}

void kview_run_raws(struct kview_stub *stub, struct pt_regs *regs)
{
	struct pt_regs *user = (struct pt_regs *)regs->di;
	bool enter = stub->role == KVIEW_ROLE_SYSCALL_ENTER;
	u64 args[2] = { (u64)user, enter ? syscall_get_nr(current, user) : syscall_get_return_value(current, user) };
	u32 i, result;

	if (!enter && dispatched_to_user())
		return;
	for (i = stub->group[KVIEW_RAWS]; i < stub->group[KVIEW_RAWS + 1]; i++) {
		if (!kview_stub_is_for(stub, i, current))
			continue;
		result = kview_run_alone(stub->hooks[i], args);
		if (stub->hooks[i]->link->puts_off)
			regs->orig_ax |= result;
	}
}

/*
 * With a signal the kernel makes the call anew, behind a handler if there is one: its number and arguments are still in
 * the registers of user space. Without one it would not, and the caller would see the error.
 */
int kview_run_put_off(struct kview_stub *stub, struct pt_regs *regs)
{
	return task_sigpending(current);
}

static __always_inline void run_calls(struct kview_stub *stub, struct pt_regs *regs, bool apart)
{
	struct pt_regs *user = (struct pt_regs *)regs->di;
	long number = syscall_get_nr(current, user);
	struct call_range range[2];

	if (!find_calls(stub, number, range))
		return;
	if (stub->role == KVIEW_ROLE_SYSCALL_ENTER) {
		struct enter_record record;

		record.regs = kview_tp_regs(regs, user);
		record.number = number;
		syscall_get_arguments(current, user, record.args);
		run_range(stub, range[0], &record, apart);
		run_range(stub, range[1], &record, apart);
	} else if (!dispatched_to_user()) {
		struct exit_record record = { .regs = kview_tp_regs(regs, user), .number = number,
					      .ret = syscall_get_return_value(current, user) };

		run_range(stub, range[0], &record, apart);
		run_range(stub, range[1], &record, apart);
	}
}

void kview_run_calls(struct kview_stub *stub, struct pt_regs *regs)
{
	run_calls(stub, regs, false);
}

void kview_run_calls_threads(struct kview_stub *stub, struct pt_regs *regs)
{
	run_calls(stub, regs, true);
}

/*
 * Between the entry of such a call and this lies nothing but the end of its entry: the kernel has shown it to the
 * tracepoint, with the same registers, unless somebody kept it from that. A number of -1 is also what returns from
 * signal handlers and tracers leave behind: these calls were dispatched and are settled.
 */
void kview_run_late(struct kview_stub *stub, struct pt_regs *regs)
{
	struct pt_regs *user = (struct pt_regs *)regs->di;
	long number = syscall_get_nr(current, user);
	struct enter_record record = { .regs = kview_tp_regs(regs, user), .number = number };
	u64 args[2] = { (u64)user, number };
	u32 i;

	if (*kview_call_settled(current) || !has_fired())
		return;
	syscall_get_arguments(current, user, record.args);
	for (i = stub->group[KVIEW_LATE]; i < stub->group[KVIEW_LATE + 1]; i++) {
		if (kview_link_prog_type(stub->hooks[i]->link->kind) == BPF_PROG_TYPE_TRACEPOINT)
			run_range(stub, (struct call_range){ i, i + 1 }, &record, true);
		else if (kview_stub_is_for(stub, i, current))
			kview_run_alone(stub->hooks[i], args);
	}
}

void kview_run_denied(struct kview_stub *stub, struct pt_regs *regs)
{
	if ((int)regs->ax)
		*kview_call_settled(current) = 1;
}
