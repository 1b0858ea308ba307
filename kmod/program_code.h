/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every stub's code says around the programs it runs: for whom they run, in which context, and that they did.
 *
 * From emit_unless_own_mm() on %rbx is current. %rax is clobbered by everything but the tests of a condition in memory.
 */
#ifndef KVIEW_PROGRAM_CODE_H
#define KVIEW_PROGRAM_CODE_H

#include "emit.h"

struct kview_hook;
struct kview_threads;

/* Tests; each returns the jump that is taken ... */
size_t emit_unless_task(struct emitter *e);   /* in interrupts, and while softirqs are served */
size_t emit_if_nmi(struct emitter *e);	      /* in NMIs */
size_t emit_unless_own_mm(struct emitter *e); /* by a task that borrows the tables it runs on */
size_t emit_if_timed(struct emitter *e);      /* while run-time statistics are on (kernel.bpf_stats_enabled) */

/* Before %rbx is current, by others than @threads; clobbers %r11 alone. */
size_t emit_if_others(struct emitter *e, const struct kview_threads *threads);

/* The same with current in %rbx; clobbers %rax. @threads NULL: 0, no jump, which emit_others_label() knows. */
size_t emit_if_other_than(struct emitter *e, const struct kview_threads *threads);
void emit_others_label(struct emitter *e, size_t jump);

/* With lock debugging on, helpers insist on a real rcu_read_lock(); otherwise preempt_count does as well and for less. */
void emit_rcu_lock(struct emitter *e);
void emit_rcu_unlock(struct emitter *e);

/* struct bpf_trace_run_ctx on the stack. Leaving, what is left of it goes with the stub's frame. */
void emit_context_enter(struct emitter *e);
void emit_context_leave(struct emitter *e);

/* In the run context on top of the stack. */
void emit_cookie(struct emitter *e, u64 cookie);

/* current->bpf_ctx = %rax */
void emit_context_set(struct emitter *e);

/* this_cpu_inc(hook->counts->runs), with preemption off */
void emit_count(struct emitter *e, const struct kview_hook *hook);

/* Steps of a program that excludes only itself: %rax = where each CPU counts how often it is inside, and back out. */
void emit_active(struct emitter *e, const struct kview_hook *hook);
void emit_active_leave(struct emitter *e, const struct kview_hook *hook);

/*
 * As __bpf_trace_run(): all of that, around a program whose context is @args(%rbp). The run context has no cookie. Where
 * @result is not 0, @result(%rbp) gets the bits of what the program returned.
 */
void emit_raw_program(struct emitter *e, const struct kview_hook *hook, s32 args, s32 result);

#endif
