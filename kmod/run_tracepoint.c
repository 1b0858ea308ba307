// SPDX-License-Identifier: GPL-2.0-only
#include <linux/perf_event.h>
#include <linux/sched.h>

#include "compat/symbols.h"
#include "record.h"
#include "run.h"
#include "run_program.h"
#include "stub.h"
#include "tracepoint.h"

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
		kview_count(hook, missed);
	else
		kview_count(hook, runs);
	if (context >= 0)
		kview_call(perf_swevent_put_recursion_context)(context);
	for (i = 0; i < hook->tracepoint->args; i++)
		a[i] = as_passed(&hook->tracepoint->arg[i], args[i]);
	/* More arguments than it takes are no harm to a C function. */
	function(&hook->record->call, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
}
