// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include <linux/cleanup.h>
#include <linux/compat.h>
#include <linux/filter.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include <asm/syscall.h>

#include "compat/multi.h"
#include "compat/prog.h"
#include "compat/symbols.h"
#include "link.h"
#include "multi.h"
#include "pin.h"
#include "record.h"
#include "stub.h"
#include "textpage.h"
#include "tracepoint.h"

/* Tasks inside kview_run_pinned() are its readers: they sleep there, where no other flavour of RCU waits for them. */
DEFINE_STATIC_SRCU(pinned);

#define count(hook, what) this_cpu_inc((hook)->counts->what)

/* A session is in the list twice: at the function's entry it counts once for both. */
static bool is_repeated(const struct kview_stub *stub, u32 index)
{
	return index >= stub->group[KVIEW_RETURNS] && stub->hooks[index]->link->kind == KVIEW_HOOK_SESSION;
}

void kview_run_skipped(struct kview_stub *stub, struct pt_regs *regs)
{
	u32 i;

	for (i = 0; i < stub->count; i++) {
		if (!is_repeated(stub, i))
			count(stub->hooks[i], skipped);
	}
}

void kview_run_skipped_return(struct kview_stub *stub, struct pt_regs *regs)
{
	u32 i;

	for (i = stub->group[KVIEW_RETURNS]; i < stub->count; i++)
		count(stub->hooks[i], skipped);
}

void kview_run_missed_one(struct kview_hook *hook)
{
	count(hook, missed);
	kview_prog_missed(hook->link->prog);
}

static void count_missed(struct kview_stub *stub, u32 first, u32 end)
{
	u32 i;

	for (i = first; i < end; i++)
		kview_run_missed_one(stub->hooks[i]);
}

void kview_run_missed(struct kview_stub *stub, struct pt_regs *regs)
{
	count_missed(stub, stub->group[KVIEW_ENTRIES], stub->group[KVIEW_ENTRIES + 1]);
}

void kview_run_missed_return(struct kview_stub *stub, struct pt_regs *regs)
{
	count_missed(stub, stub->group[KVIEW_RETURNS], stub->group[KVIEW_RETURNS + 1]);
}

void kview_run_missed_all(struct kview_stub *stub, struct pt_regs *regs)
{
	u32 i;

	for (i = 0; i < stub->count; i++) {
		if (!is_repeated(stub, i))
			kview_run_missed_one(stub->hooks[i]);
	}
}

void kview_run_rcu_lock(void)
{
	rcu_read_lock();
}

void kview_run_rcu_unlock(void)
{
	rcu_read_unlock();
}

/* Run one program as bpf_prog_run_array() does, and count it. */
static __always_inline void run_program(struct kview_hook *hook, const void *ctx)
{
	struct bpf_trace_run_ctx run_ctx;
	struct bpf_run_ctx *old;

	kview_run_ctx_init(&run_ctx);
	run_ctx.bpf_cookie = hook->cookie;
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_lock();
	old = bpf_set_run_ctx(&run_ctx.run_ctx);
	bpf_prog_run(hook->link->prog, ctx);
	bpf_reset_run_ctx(old);
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_unlock();
	count(hook, runs);
}

/* struct bpf_kprobe_multi_run_ctx, as far as helpers read it */
static void fill_multi(const struct kview_hook *hook, void *context, u64 *data, bool is_return)
{
	const struct kview_multi *multi = hook->link->multi;

	memset(context, 0, multi->layout->context_size);
	*(void **)(context + multi->layout->context_link) = multi->link;
	*(unsigned long *)(context + multi->layout->context_ip) = hook->addr;
	if (!multi->layout->sessions)
		return;
	*(bool *)(context + multi->layout->context_is_return) = is_return;
	*(u64 **)(context + multi->layout->context_data) = data;
}

static u32 run_multi(struct kview_hook *hook, struct pt_regs *regs, u64 *data, bool is_return)
{
	u64 context[KVIEW_MULTI_CONTEXT_MAX / sizeof(u64)];
	struct bpf_run_ctx *old;
	u32 result;

	fill_multi(hook, context, data, is_return);
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_lock();
	old = bpf_set_run_ctx((struct bpf_run_ctx *)context);
	result = bpf_prog_run(hook->link->prog, regs);
	bpf_reset_run_ctx(old);
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		rcu_read_unlock();
	count(hook, runs);
	return result;
}

static void run_session(struct kview_stub *stub, u32 index, struct kview_hook *hook, struct pt_regs *regs, bool is_return)
{
	u64 *wanted = kview_session_wanted(stub, regs), *data = kview_session_data(stub, regs, index);

	if (!(*wanted & BIT_ULL(index)))
		return;
	if (run_multi(hook, regs, data, is_return))
		*wanted &= ~BIT_ULL(index);
}

static void run_probe(struct kview_hook *hook, struct pt_regs *regs)
{
	struct kprobe *__percpu *current_kprobe = (void __percpu *)kview_symbols.current_kprobe;
	struct kprobe *old = this_cpu_read(*current_kprobe);

	this_cpu_write(*current_kprobe, &hook->probe);
	run_program(hook, regs);
	this_cpu_write(*current_kprobe, old);
}

static void run_probes(struct kview_stub *stub, struct pt_regs *regs, enum kview_group group)
{
	u32 i, session = 0;

	for (i = stub->group[group]; i < stub->group[group + 1]; i++) {
		struct kview_hook *hook = stub->hooks[i];
		u32 index = hook->link->kind == KVIEW_HOOK_SESSION ? session++ : 0;

		if (group == KVIEW_RETURNS && READ_ONCE(hook->link->closed))
			continue;
		if (hook->link->kind == KVIEW_HOOK_SESSION)
			run_session(stub, index, hook, regs, group == KVIEW_RETURNS);
		else if (hook->link->multi)
			run_multi(hook, regs, NULL, group == KVIEW_RETURNS);
		else
			run_probe(hook, regs);
	}
}

void kview_run_timed(struct kview_stub *stub, struct pt_regs *regs)
{
	run_probes(stub, regs, KVIEW_ENTRIES);
}

void kview_run_timed_return(struct kview_stub *stub, struct pt_regs *regs)
{
	run_probes(stub, regs, KVIEW_RETURNS);
}

/* A program that excludes only itself, as __bpf_trace_run() and __bpf_prog_enter_recur() have it. */
static void run_alone(struct kview_hook *hook, const void *ctx)
{
	struct bpf_prog *prog = hook->link->prog;

	if (this_cpu_inc_return(*prog->active) == 1)
		run_program(hook, ctx);
	else
		kview_run_missed_one(hook);
	this_cpu_dec(*prog->active);
}

static void run_traces(struct kview_stub *stub, struct pt_regs *regs, enum kview_group group)
{
	u32 i;

	for (i = stub->group[group]; i < stub->group[group + 1]; i++) {
		if (group == KVIEW_TRACE_ENTRIES || !READ_ONCE(stub->hooks[i]->link->closed))
			run_alone(stub->hooks[i], kview_trace_record(regs));
	}
}

void kview_run_timed_trace(struct kview_stub *stub, struct pt_regs *regs)
{
	run_traces(stub, regs, KVIEW_TRACE_ENTRIES);
}

void kview_run_timed_trace_return(struct kview_stub *stub, struct pt_regs *regs)
{
	run_traces(stub, regs, KVIEW_TRACE_RETURNS);
}

static void run_entry(struct kview_stub *stub, u32 index, struct pt_regs *regs, bool busy)
{
	struct kview_hook *hook = stub->hooks[index];

	if (index >= stub->group[KVIEW_TRACE_ENTRIES])
		run_alone(hook, kview_trace_record(regs));
	else if (busy)
		kview_run_missed_one(hook);
	else if (hook->link->multi)
		run_multi(hook, regs, NULL, false);
	else
		run_probe(hook, regs);
}

void kview_run_interrupt(struct kview_stub *stub, struct pt_regs *regs)
{
	int __percpu *active = (void __percpu *)kview_symbols.bpf_prog_active;
	bool busy;
	u32 i;

	preempt_disable_notrace();
	busy = this_cpu_inc_return(*active) != 1;
	for (i = 0; i < stub->count; i++) {
		if (is_repeated(stub, i))
			continue;
		if (stub->hooks[i]->link->interrupts)
			run_entry(stub, i, regs, busy);
		else
			count(stub->hooks[i], skipped);
	}
	this_cpu_dec(*active);
	preempt_enable_notrace();
}

static void run_tracepoint(struct kview_stub *stub, u32 index, u64 *args)
{
	run_alone(stub->hooks[index], args);
}

void kview_run_timed_tracepoint(struct kview_stub *stub, u64 *args)
{
	u32 i;

	for (i = stub->group[KVIEW_RAWS]; i < stub->group[KVIEW_RAWS + 1]; i++)
		run_alone(stub->hooks[i], args);
}

void kview_run_interrupt_tracepoint(struct kview_stub *stub, u64 *args)
{
	u32 i;

	for (i = 0; i < stub->count; i++) {
		struct kview_hook *hook = stub->hooks[i];

		if (hook->link->interrupts)
			run_tracepoint(stub, i, args);
		else
			count(hook, skipped);
	}
}

/* An argument as the tracepoint's code passed it: some compilers count on what is narrower than an int being extended. */
static u64 as_passed(const struct kview_trace_arg *arg, u64 value)
{
	return arg->size < 4 && arg->is_signed ? sign_extend64(value, arg->size * 8 - 1) : value;
}

typedef void record_fn(void *call, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64);

/* The kernel's own function builds the record and runs the program, unless one of these two counts keeps it from that. */
void kview_run_record(struct kview_hook *hook, u64 *args)
{
	int __percpu *active = (void __percpu *)kview_symbols.bpf_prog_active;
	record_fn *function = hook->record->call.class->perf_probe;
	u64 a[KVIEW_TRACE_ARGS_MAX] = {};
	int context = perf_swevent_get_recursion_context();
	u32 i;

	if (context < 0 || this_cpu_read(*active))
		count(hook, missed);
	else
		count(hook, runs);
	if (context >= 0)
		kview_call(perf_swevent_put_recursion_context)(context);
	for (i = 0; i < hook->tracepoint->args; i++)
		a[i] = as_passed(&hook->tracepoint->arg[i], args[i]);
	/* More arguments than it takes are no harm to a C function. */
	function(&hook->record->call, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
}

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

static void run_calls(struct kview_stub *stub, u32 first, u32 end, const void *record)
{
	int __percpu *active = (void __percpu *)kview_symbols.bpf_prog_active;
	bool busy = this_cpu_inc_return(*active) != 1;
	u32 i;

	for (i = first; i < end; i++) {
		if (busy)
			kview_run_missed_one(stub->hooks[i]);
		else
			run_program(stub->hooks[i], record);
	}
	this_cpu_dec(*active);
}

static void run_tracepoints(struct kview_stub *stub, struct pt_regs *regs, struct pt_regs *user, u64 number)
{
	u32 first, end;

	/* trace_get_syscall_nr() hides 32-bit calls, and numbers the table does not have, from these tracepoints. */
	if (number > KVIEW_SYSCALL_MAX || in_32bit_syscall())
		return;
	first = stub->first[number];
	end = stub->first[number + 1];
	if (first == end)
		return;
	if (stub->role == KVIEW_ROLE_SYSCALL_ENTER) {
		struct enter_record record = { .regs = kview_tp_regs(regs, user), .number = number };

		syscall_get_arguments(current, user, record.args);
		run_calls(stub, first, end, &record);
	} else {
		struct exit_record record = { .regs = kview_tp_regs(regs, user), .number = number,
					      .ret = syscall_get_return_value(current, user) };

		run_calls(stub, first, end, &record);
	}
}

/* A call that user space dispatched to itself is none of the tracepoints' business; see syscall_exit_work(). */
static bool dispatched_to_user(void)
{
	return test_syscall_work(SYSCALL_USER_DISPATCH) && current->syscall_dispatch.on_dispatch;
}

void kview_run_syscall(struct kview_stub *stub, struct pt_regs *regs)
{
	struct pt_regs *user = (struct pt_regs *)regs->di;
	bool enter = stub->role == KVIEW_ROLE_SYSCALL_ENTER;
	long number = enter ? (long)(u32)regs->si : syscall_get_nr(current, user);
	u64 args[2] = { (u64)user, enter ? number : syscall_get_return_value(current, user) };
	u32 i;

	if (!enter && dispatched_to_user())
		return;
	for (i = stub->group[KVIEW_RAWS]; i < stub->group[KVIEW_RAWS + 1]; i++)
		run_alone(stub->hooks[i], args);
	if (kview_group_count(stub, KVIEW_CALLS) && number >= 0)
		run_tracepoints(stub, regs, user, number);
}

static unsigned long current_chain(unsigned long site)
{
	unsigned long chain = 0;
	u8 code[KVIEW_SITE_SIZE];

	guard(mutex)(kview_symbols.text_mutex);
	kview_textpage_read(site, code, sizeof(code));
	return kview_site_decode(site, code, &chain) ? chain : 0;
}

unsigned long kview_run_pinned(struct kview_stub *stub, struct pt_regs *regs)
{
	unsigned long chain = stub->chain;
	int index = srcu_read_lock(&pinned);

	/* The last sleep: from here to the jump whoever frees the target waits for this task. */
	if (stub->pin->run(regs))
		chain = current_chain(stub->site);
	srcu_read_unlock(&pinned, index);
	return chain;
}

void kview_run_resched(struct kview_stub *stub, struct pt_regs *regs)
{
#ifdef CONFIG_PREEMPTION
	__preempt_schedule_notrace();
#endif
}

void kview_run_drain(void)
{
	synchronize_srcu(&pinned);
}
