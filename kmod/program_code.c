// SPDX-License-Identifier: GPL-2.0-only
#include "program_code.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <kview.h>

#include "compat/percpu.h"
#include "compat/symbols.h"
#include "link.h"
#include "run.h"
#include "threads.h"

/* Softirqs being served, hard interrupts, NMIs: not in_task(). Code that merely disabled softirqs is task context. */
#define NOT_TASK_MASK (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)

static size_t emit_if_preempt_count(struct emitter *e, u32 mask)
{
	EMIT(e, 0x65, 0xf7, 0x04, 0x25); /* testl $mask,%gs:preempt_count */
	emit_u32(e, KVIEW_GS_PREEMPT);
	emit_u32(e, mask);
	return emit_jump(e, JNZ);
}

size_t emit_unless_task(struct emitter *e)
{
	return emit_if_preempt_count(e, NOT_TASK_MASK);
}

size_t emit_if_nmi(struct emitter *e)
{
	return emit_if_preempt_count(e, NMI_MASK);
}

size_t emit_unless_own_mm(struct emitter *e)
{
	EMIT(e, 0x65, 0x48, 0x8b, 0x1c, 0x25); /* mov %gs:current,%rbx */
	emit_u32(e, KVIEW_GS_CURRENT);
	EMIT(e, 0x48, 0x8b, 0x83); /* mov mm(%rbx),%rax */
	emit_u32(e, offsetof(struct task_struct, mm));
	EMIT(e, 0x65, 0x48, 0x3b, 0x04, 0x25); /* cmp %gs:cpu_tlbstate.loaded_mm,%rax */
	emit_u32(e, KVIEW_GS_LOADED_MM);
	return emit_jump(e, JNZ);
}

/* @compare emits a comparison of current with the task in the register that is loaded with it. */
static size_t emit_comparisons(struct emitter *e, const struct kview_threads *threads, enum reg reg,
			       void (*compare)(struct emitter *e))
{
	size_t found[KVIEW_THREADS_MAX], others;
	u32 i, last = threads->count - 1;

	for (i = 0; i < last; i++) {
		emit_mov(e, reg, (u64)threads->tasks[i]);
		compare(e);
		found[i] = emit_jump(e, JZ);
	}
	emit_mov(e, reg, (u64)threads->tasks[last]);
	compare(e);
	others = emit_jump(e, JNZ);
	for (i = 0; i < last; i++)
		emit_label(e, found[i]);
	return others;
}

static void compare_r11(struct emitter *e)
{
	EMIT(e, 0x65, 0x4c, 0x3b, 0x1c, 0x25); /* cmp %gs:current,%r11 */
	emit_u32(e, KVIEW_GS_CURRENT);
}

size_t emit_if_others(struct emitter *e, const struct kview_threads *threads)
{
	return emit_comparisons(e, threads, R11, compare_r11);
}

static void compare_rax(struct emitter *e)
{
	EMIT(e, 0x48, 0x39, 0xc3); /* cmp %rax,%rbx */
}

size_t emit_if_other_than(struct emitter *e, const struct kview_threads *threads)
{
	return threads ? emit_comparisons(e, threads, RAX, compare_rax) : 0;
}

void emit_others_label(struct emitter *e, size_t jump)
{
	if (jump)
		emit_label(e, jump);
}

size_t emit_if_timed(struct emitter *e)
{
	EMIT(e, 0x83, 0x3c, 0x25); /* cmpl $0,bpf_stats_enabled_key */
	emit_u32(e, (unsigned long)&bpf_stats_enabled_key.key.enabled);
	EMIT(e, 0x00);
	return emit_jump(e, JNZ);
}

void emit_rcu_lock(struct emitter *e)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		emit_call(e, kview_run_rcu_lock);
}

void emit_rcu_unlock(struct emitter *e)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		emit_call(e, kview_run_rcu_unlock);
}

void emit_context_set(struct emitter *e)
{
	EMIT(e, 0x48, 0x89, 0x83); /* mov %rax,bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
}

void emit_context_enter(struct emitter *e)
{
	if (sizeof(struct bpf_trace_run_ctx) > sizeof(u64))
		EMIT(e, 0x6a, 0x00); /* push $0		is_uprobe */
	EMIT(e, 0x6a, 0x00);	     /* push $0		bpf_cookie */
	EMIT(e, 0xff, 0xb3);	     /* push bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
	EMIT(e, 0x48, 0x8d, 0x44, 0x24, 0x08); /* lea 8(%rsp),%rax: the cookie is there from here on */
	emit_context_set(e);
}

void emit_context_leave(struct emitter *e)
{
	EMIT(e, 0x8f, 0x83); /* pop bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
}

void emit_cookie(struct emitter *e, u64 cookie)
{
	emit_mov(e, RAX, cookie);
	EMIT(e, 0x48, 0x89, 0x44, 0x24, 0x08); /* mov %rax,8(%rsp) */
}

void emit_count(struct emitter *e, const struct kview_hook *hook)
{
	emit_mov(e, RAX, (u64)hook->counts + offsetof(struct kview_counts, runs));
	EMIT(e, 0x65, 0x48, 0xff, 0x00); /* incq %gs:(%rax) */
}

void emit_active(struct emitter *e, const struct kview_hook *hook)
{
	emit_mov(e, RAX, (u64)hook->link->prog->active);
}

void emit_active_leave(struct emitter *e, const struct kview_hook *hook)
{
	emit_active(e, hook);
	EMIT(e, 0x65, 0xff, 0x08); /* decl %gs:(%rax) */
}

/* The branch over the cold part is the way most often gone. */
void emit_raw_program(struct emitter *e, const struct kview_hook *hook, s32 args, s32 result)
{
	size_t free, done;

	emit_active(e, hook);
	EMIT(e, 0x65, 0x83, 0x38, 0x00); /* cmpl $0,%gs:(%rax) */
	free = emit_jump(e, JZ);
	emit_mov(e, RDI, (u64)hook);
	emit_call(e, kview_run_missed_one);
	done = emit_jump_always(e);

	emit_label(e, free);
	EMIT(e, 0x65, 0xff, 0x00); /* incl %gs:(%rax) */
	if (hook->cookie)
		emit_cookie(e, hook->cookie);
	emit_lea(e, RDI, args);
	emit_call(e, hook->link->prog->bpf_func);
	if (result) {
		EMIT(e, 0x09, 0x85); /* or %eax,@result(%rbp) */
		emit_u32(e, result);
	}
	if (hook->cookie)
		emit_cookie(e, 0);
	emit_active_leave(e, hook);
	emit_count(e, hook);
	emit_label(e, done);
}
