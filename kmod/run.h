/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the hot path that is written in C: called by stubs alone, in the context of whoever reached the site.
 *
 * None of these functions may be traced, and none but kview_run_pinned() and kview_run_resched() may sleep.
 */
#ifndef KVIEW_RUN_H
#define KVIEW_RUN_H

#include <linux/ptrace.h>

struct kview_hook;
struct kview_stub;
struct trace_event_call;

/* Not a member's task on its own address space. Any context, NMI too. */
void kview_run_skipped(struct kview_stub *stub, struct pt_regs *regs);
void kview_run_skipped_return(struct kview_stub *stub, struct pt_regs *regs);

/* An interrupt of a member's task: programs that want it run. */
void kview_run_interrupt(struct kview_stub *stub, struct pt_regs *regs);

/* Another BPF program runs on this CPU: kprobe programs lose this event. Preemption is off. */
void kview_run_missed(struct kview_stub *stub, struct pt_regs *regs);
void kview_run_missed_return(struct kview_stub *stub, struct pt_regs *regs);

/* The stack is nearly used up. */
void kview_run_missed_all(struct kview_stub *stub, struct pt_regs *regs);

/* A tracing program runs on this CPU already. */
void kview_run_missed_one(struct kview_hook *hook);

/* Programs while run-time statistics are on (kernel.bpf_stats_enabled). Preemption is off. */
void kview_run_timed(struct kview_stub *stub, struct pt_regs *regs);
void kview_run_timed_return(struct kview_stub *stub, struct pt_regs *regs);
void kview_run_timed_trace(struct kview_stub *stub, struct pt_regs *regs);
void kview_run_timed_trace_return(struct kview_stub *stub, struct pt_regs *regs);

/* Programs of a tracepoint while run-time statistics are on. Preemption is off. */
void kview_run_timed_tracepoint(struct kview_stub *stub, u64 *args);

/* A tracepoint was reached by an interrupt that came upon a member. */
void kview_run_interrupt_tracepoint(struct kview_stub *stub, u64 *args);

/* What becomes of an event for the program of a hook of type tracepoint/CATEGORY/NAME. In a task, preemption is off. */
void kview_run_count_record(struct kview_hook *hook);

/*
 * The same as the kernel's perf_trace_run_bpf_submit(), which has some more arguments, for an event of a hook of
 * ours and where no program runs on this CPU. The program only runs: it was counted where its event came by.
 */
void kview_run_submitted(void *record, int size, int context, struct trace_event_call *call, u64 count,
			 struct pt_regs *regs);

/*
 * Programs on system calls. Preemption is off. Raw ones run in the stub itself unless something is unusual; those of
 * tracepoints where some are for some threads alone have a function of their own, so that nobody else pays for the question.
 */
void kview_run_raws(struct kview_stub *stub, struct pt_regs *regs);
void kview_run_calls(struct kview_stub *stub, struct pt_regs *regs);
void kview_run_calls_threads(struct kview_stub *stub, struct pt_regs *regs);

/* Programs on the entry of all calls, where one ends that nobody may have been called for. Preemption is off. */
void kview_run_late(struct kview_stub *stub, struct pt_regs *regs);

/* A program wants the call put off: is it? Preemption is on. */
int kview_run_put_off(struct kview_stub *stub, struct pt_regs *regs);

/* __secure_computing() returns. */
void kview_run_denied(struct kview_stub *stub, struct pt_regs *regs);

/*
 * What the module does here itself (pin.h). Preemption is on; may sleep. Returns where the shared site leads now, or 0:
 * what the stub knew of it may have been freed during the sleep, for which no RCU flavour waits.
 */
unsigned long kview_run_pinned(struct kview_stub *stub, struct pt_regs *regs);

void kview_run_resched(struct kview_stub *stub, struct pt_regs *regs);

/* Kernels with lock debugging only. */
void kview_run_rcu_lock(void);
void kview_run_rcu_unlock(void);

/* Wait until all tasks that are inside kview_run_pinned() now have left it. */
void kview_run_drain(void);

#endif
