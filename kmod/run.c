// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include <linux/cleanup.h>
#include <linux/filter.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/srcu.h>

#include "compat/multi.h"
#include "compat/symbols.h"
#include "link.h"
#include "multi.h"
#include "pin.h"
#include "run_program.h"
#include "stub.h"
#include "textpage.h"

/* Tasks inside kview_run_pinned() are its readers: they sleep there, where no other flavour of RCU waits for them. */
DEFINE_STATIC_SRCU(pinned);

/* A session is in the list twice. */
static bool is_repeated(const struct kview_stub *stub, u32 index)
{
	return index >= stub->group[KVIEW_RETURNS] && stub->hooks[index]->link->kind == KVIEW_HOOK_SESSION;
}

static bool in_group(const struct kview_stub *stub, u32 index, enum kview_group group)
{
	return index >= stub->group[group] && index < stub->group[group + 1];
}

/* Is it here for what happens elsewhere? */
static bool is_helper(const struct kview_stub *stub, u32 index)
{
	return in_group(stub, index, KVIEW_LATE) || in_group(stub, index, KVIEW_SUBMITS) ||
	       in_group(stub, index, KVIEW_DENIALS);
}

/* Does what happens at the function's entry count for it? Sessions count once for both ends. */
static bool counts_at_entry(const struct kview_stub *stub, u32 index)
{
	return !is_repeated(stub, index) && !is_helper(stub, index) && kview_stub_is_for(stub, index, current);
}

void kview_run_skipped(struct kview_stub *stub, struct pt_regs *regs)
{
	u32 i;

	for (i = 0; i < stub->count; i++) {
		if (counts_at_entry(stub, i))
			kview_count(stub->hooks[i], skipped);
	}
}

void kview_run_skipped_return(struct kview_stub *stub, struct pt_regs *regs)
{
	u32 i;

	for (i = stub->group[KVIEW_RETURNS]; i < stub->count; i++) {
		if (!is_helper(stub, i) && kview_stub_is_for(stub, i, current))
			kview_count(stub->hooks[i], skipped);
	}
}

void kview_run_missed_one(struct kview_hook *hook)
{
	kview_count(hook, missed);
	kview_prog_missed(hook->link->prog);
}

static void count_missed(struct kview_stub *stub, u32 first, u32 end)
{
	u32 i;

	for (i = first; i < end; i++) {
		if (kview_stub_is_for(stub, i, current))
			kview_run_missed_one(stub->hooks[i]);
	}
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
		if (counts_at_entry(stub, i))
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
	kview_count(hook, runs);
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
	kview_run_program(hook, regs);
	this_cpu_write(*current_kprobe, old);
}

/* A link closed while the function ran wants its return no more. */
static bool is_wanted(const struct kview_stub *stub, u32 index, enum kview_group group)
{
	if (group >= KVIEW_RETURNS && READ_ONCE(stub->hooks[index]->link->closed))
		return false;
	return kview_stub_is_for(stub, index, current);
}

static void run_probes(struct kview_stub *stub, struct pt_regs *regs, enum kview_group group)
{
	u32 i, session = 0;

	for (i = stub->group[group]; i < stub->group[group + 1]; i++) {
		struct kview_hook *hook = stub->hooks[i];
		u32 index = hook->link->kind == KVIEW_HOOK_SESSION ? session++ : 0;

		if (!is_wanted(stub, i, group))
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

static void run_traces(struct kview_stub *stub, struct pt_regs *regs, enum kview_group group)
{
	u32 i;

	for (i = stub->group[group]; i < stub->group[group + 1]; i++) {
		if (is_wanted(stub, i, group))
			kview_run_alone(stub->hooks[i], kview_trace_record(regs));
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
		kview_run_alone(hook, kview_trace_record(regs));
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
		if (!counts_at_entry(stub, i))
			continue;
		if (stub->hooks[i]->link->interrupts && i < stub->group[KVIEW_RAWS])
			run_entry(stub, i, regs, busy);
		else
			kview_count(stub->hooks[i], skipped);
	}
	this_cpu_dec(*active);
	preempt_enable_notrace();
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
