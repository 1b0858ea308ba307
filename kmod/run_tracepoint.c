// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>

#include "compat/perf.h"
#include "compat/symbols.h"
#include "record.h"
#include "run.h"
#include "run_program.h"
#include "stub.h"

void kview_run_timed_tracepoint(struct kview_stub *stub, u64 *args)
{
	u32 i;

	for (i = stub->group[KVIEW_RAWS]; i < stub->group[KVIEW_RAWS + 1]; i++) {
		if (kview_stub_is_for(stub, i, current))
			kview_run_alone(stub->hooks[i], args);
	}
}

void kview_run_interrupt_tracepoint(struct kview_stub *stub, u64 *args)
{
	u32 i;

	for (i = 0; i < stub->count; i++) {
		struct kview_hook *hook = stub->hooks[i];

		if (!kview_stub_is_for(stub, i, current))
			continue;
		if (hook->link->interrupts)
			kview_run_alone(hook, args);
		else
			kview_count(hook, skipped);
	}
}

/* The kernel's own function runs the program, unless one of these two counts keeps it from that. */
void kview_run_count_record(struct kview_hook *hook)
{
	int __percpu *active = (void __percpu *)kview_symbols.bpf_prog_active;

	if (kview_perf_is_recursing() || this_cpu_read(*active))
		kview_count(hook, missed);
	else
		kview_count(hook, runs);
}

void kview_run_submitted(void *record, int size, int context, struct trace_event_call *call, u64 count,
			 struct pt_regs *regs)
{
	int __percpu *active = (void __percpu *)kview_symbols.bpf_prog_active;

	*(struct pt_regs **)record = regs;
	this_cpu_inc(*active);
	kview_run_uncounted(kview_record_of(call)->hook, record);
	this_cpu_dec(*active);
	kview_call(perf_swevent_put_recursion_context)(context);
}
