// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a stub does, and why in this order:
 *
 *	push %rbp; mov %rsp,%rbp	a real frame, so that unwinders (which treat unknown code as frame-pointer code)
 *					step over us and bpf_get_stackid() in system call programs sees the kernel stack
 *	not in task context? -> skip	interrupts run in the member's view too; one test of preempt_count
 *	build struct pt_regs		the context of kprobe programs: registers as at function entry
 *	not on its own address space? -> skip	kernel threads and exiting tasks borrow whatever is loaded, and for an
 *					instant of a context switch the task before runs on the tables of the one after
 *	preempt_count++			programs may not migrate; this also keeps RCU from ending under them
 *	another program on this CPU? -> missed		bpf_prog_active, as trace_call_bpf() does
 *	bpf_stats_enabled? -> timed
 *	for each: set run context, call the program, count
 *	preempt_count--, reschedule if due
 *	restore argument registers; return, or jump to what the shared site calls (its return address is already right)
 *
 * For an empty program that makes 67 or 68 instructions. Registers the System V ABI lets a callee clobber at function entry
 * without meaning (r10, r11) are recorded but not restored, as in ftrace_caller.
 */
#include "stub_code.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sched.h>

#include "compat/percpu.h"
#include "compat/symbols.h"
#include "emit.h"
#include "link.h"
#include "run.h"
#include "stub.h"

/* Softirqs being served, hard interrupts, NMIs: not in_task(). Code that merely disabled softirqs is task context. */
#define NOT_TASK_MASK (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)

/* Distance below the frame pointer of a register's slot in the struct pt_regs that ends right under it. */
#define FRAME(reg) ((s32)(offsetof(struct pt_regs, reg)) - (s32)sizeof(struct pt_regs))

static void emit_frame(struct emitter *e, unsigned long ip)
{
	EMIT(e, 0x6a, __KERNEL_DS);		  /* push $__KERNEL_DS		ss */
	EMIT(e, 0x55, 0x48, 0x83, 0x04, 0x24, 16); /* push %rbp; addq $16,(%rsp)	sp at function entry */
	EMIT(e, 0x9c);				  /* pushfq			flags */
	EMIT(e, 0x6a, __KERNEL_CS);		  /* push $__KERNEL_CS		cs */
	EMIT(e, 0x68);				  /* push $ip */
	emit_u32(e, ip);
	EMIT(e, 0x6a, 0x00);			  /* push $0			orig_ax, as ftrace_regs_caller has it */
	EMIT(e, 0x57, 0x56, 0x52, 0x51, 0x50);	  /* push %rdi %rsi %rdx %rcx %rax */
	EMIT(e, 0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53); /* push %r8 %r9 %r10 %r11 */
	EMIT(e, 0x53, 0xff, 0x75, 0x00);	  /* push %rbx; push (%rbp)	the caller's rbp */
	EMIT(e, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57); /* push %r12 %r13 %r14 %r15 */
}

/* mov FRAME(reg)(%rbp),%reg */
#define EMIT_RESTORE(e, rex, modrm, reg) EMIT(e, rex, 0x8b, modrm, (u8)FRAME(reg))

static void emit_restore(struct emitter *e)
{
	EMIT_RESTORE(e, 0x48, 0x7d, di);
	EMIT_RESTORE(e, 0x48, 0x75, si);
	EMIT_RESTORE(e, 0x48, 0x55, dx);
	EMIT_RESTORE(e, 0x48, 0x4d, cx);
	EMIT_RESTORE(e, 0x48, 0x45, ax);
	EMIT_RESTORE(e, 0x4c, 0x45, r8);
	EMIT_RESTORE(e, 0x4c, 0x4d, r9);
	EMIT_RESTORE(e, 0x48, 0x5d, bx);
	EMIT(e, 0xc9); /* leave */
}

/* lea FRAME(r15)(%rbp),reg: the address of struct pt_regs in %rdi (0xbd) or %rsi (0xb5) */
#define EMIT_LEA_REGS(e, modrm)                                                                                        \
	do {                                                                                                           \
		EMIT(e, 0x48, 0x8d, modrm);                                                                            \
		emit_u32(e, FRAME(r15));                                                                               \
	} while (0)

/* function(stub, regs) */
static void emit_c_call(struct emitter *e, const struct kview_stub *stub, const void *function)
{
	EMIT(e, 0x48, 0xbf); /* mov $stub,%rdi */
	emit_u64(e, (u64)stub);
	EMIT_LEA_REGS(e, 0xb5);
	emit_call(e, function);
}

/* incl (0x04) or decl (0x0c) %gs:offset */
#define EMIT_GS_STEP(e, modrm, offset)                                                                                 \
	do {                                                                                                           \
		EMIT(e, 0x65, 0xff, modrm, 0x25);                                                                      \
		emit_u32(e, offset);                                                                                   \
	} while (0)
#define INC 0x04
#define DEC 0x0c

/* this_cpu_inc(hook->counts->runs), with preemption off */
static void emit_count(struct emitter *e, const struct kview_hook *hook)
{
	emit_mov(e, RAX, (u64)hook->counts + offsetof(struct kview_counts, runs));
	EMIT(e, 0x65, 0x48, 0xff, 0x00); /* incq %gs:(%rax) */
}

/* Let kprobe_running() find the hook, for the programs that ask for their function's address. */
static void emit_probe_enter(struct emitter *e, const struct kview_hook *hook)
{
	EMIT(e, 0x65, 0xff, 0x34, 0x25); /* push %gs:current_kprobe */
	emit_u32(e, kview_symbols.current_kprobe);
	emit_mov(e, RAX, (u64)&hook->probe);
	EMIT(e, 0x65, 0x48, 0x89, 0x04, 0x25); /* mov %rax,%gs:current_kprobe */
	emit_u32(e, kview_symbols.current_kprobe);
}

static void emit_probe_leave(struct emitter *e)
{
	EMIT(e, 0x65, 0x8f, 0x04, 0x25); /* pop %gs:current_kprobe */
	emit_u32(e, kview_symbols.current_kprobe);
}

/* struct bpf_trace_run_ctx on the stack, with the cookie at 8(%rsp) from here on; %rbx is current */
static void emit_context_enter(struct emitter *e)
{
	if (sizeof(struct bpf_trace_run_ctx) > sizeof(u64))
		EMIT(e, 0x6a, 0x00); /* push $0		is_uprobe */
	EMIT(e, 0x6a, 0x00);	     /* push $0		bpf_cookie */
	EMIT(e, 0xff, 0xb3);	     /* push bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
	EMIT(e, 0x48, 0x8d, 0x44, 0x24, 0x08); /* lea 8(%rsp),%rax */
	EMIT(e, 0x48, 0x89, 0x83);	       /* mov %rax,bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
}

static void emit_context_leave(struct emitter *e)
{
	EMIT(e, 0x8f, 0x83); /* pop bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
}

static void emit_cookie(struct emitter *e, u64 cookie)
{
	emit_mov(e, RAX, cookie);
	EMIT(e, 0x48, 0x89, 0x44, 0x24, 0x08); /* mov %rax,8(%rsp) */
}

static void emit_program(struct emitter *e, const struct kview_hook *hook, u64 *cookie)
{
	const struct bpf_prog *prog = hook->link->prog;

	if (hook->cookie != *cookie) {
		emit_cookie(e, hook->cookie);
		*cookie = hook->cookie;
	}
	if (prog->call_get_func_ip)
		emit_probe_enter(e, hook);
	EMIT_LEA_REGS(e, 0xbd);
	emit_call(e, prog->bpf_func);
	if (prog->call_get_func_ip)
		emit_probe_leave(e);
	emit_count(e, hook);
}

/* With lock debugging on, helpers insist on a real rcu_read_lock(); otherwise preempt_count does as well and for less. */
static void emit_rcu(struct emitter *e, const void *function)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		emit_call(e, function);
}

/* Places the cold code, which follows the hot code, jumps to and comes from. */
struct cold {
	size_t interrupt, borrowed, missed, timed, resched;	      /* jumps out */
	size_t missed_back, timed_back, resched_back, restore_back; /* where they return */
};

static void emit_entries(struct emitter *e, const struct kview_stub *stub, struct cold *cold)
{
	u32 active = kview_symbols.bpf_prog_active;
	u64 cookie = 0;
	u32 i;

	EMIT(e, 0x65, 0x83, 0x3c, 0x25); /* cmpl $0,%gs:bpf_prog_active */
	emit_u32(e, active);
	EMIT(e, 0x00);
	cold->missed = emit_jump(e, JNZ);
	EMIT_GS_STEP(e, INC, active);
	EMIT(e, 0x83, 0x3c, 0x25); /* cmpl $0,bpf_stats_enabled_key */
	emit_u32(e, (unsigned long)&bpf_stats_enabled_key.key.enabled);
	EMIT(e, 0x00);
	cold->timed = emit_jump(e, JNZ);

	emit_rcu(e, kview_run_rcu_lock);
	emit_context_enter(e);
	for (i = 0; i < stub->entries; i++)
		emit_program(e, stub->hooks[i], &cookie);
	emit_context_leave(e);
	/* What is left of the run context goes with the frame. */
	emit_rcu(e, kview_run_rcu_unlock);
	cold->timed_back = e->size;
	EMIT_GS_STEP(e, DEC, active);
	cold->missed_back = e->size;
}

static void emit_hooks(struct emitter *e, const struct kview_stub *stub, struct cold *cold)
{
	EMIT_GS_STEP(e, INC, KVIEW_GS_PREEMPT);
	if (stub->entries)
		emit_entries(e, stub, cold);
	if (stub->raws || stub->calls)
		emit_c_call(e, stub, kview_run_syscall);
	EMIT_GS_STEP(e, DEC, KVIEW_GS_PREEMPT);
	cold->resched = emit_jump(e, JZ); /* zero: nothing nested, and a reschedule is due (the bit is inverted) */
	cold->resched_back = e->size;
}

/* After a call that may have slept: go where kview_run_pinned() said. The chain this stub was built for may be gone. */
static void emit_pinned_end(struct emitter *e)
{
	size_t plain;

	EMIT(e, 0x4c, 0x8b, 0x9d); /* mov FRAME(r15)-8(%rbp),%r11 */
	emit_u32(e, FRAME(r15) - 8);
	emit_restore(e);
	EMIT(e, 0x4d, 0x85, 0xdb); /* test %r11,%r11 */
	plain = emit_jump(e, JZ);
	EMIT(e, 0x41, 0x53); /* push %r11: a return needs neither retpoline nor landing pad */
	emit_label(e, plain);
	emit_return(e);
}

static void emit_hot(struct emitter *e, const struct kview_stub *stub, unsigned long chain, struct cold *cold)
{
	EMIT(e, 0x55, 0x48, 0x89, 0xe5);       /* push %rbp; mov %rsp,%rbp */
	EMIT(e, 0x65, 0xf7, 0x04, 0x25);       /* testl $NOT_TASK_MASK,%gs:preempt_count */
	emit_u32(e, KVIEW_GS_PREEMPT);
	emit_u32(e, NOT_TASK_MASK);
	cold->interrupt = emit_jump(e, JNZ);
	/* The probed address plus one: where the CPU stands when a breakpoint at the site has been hit. */
	emit_frame(e, stub->site + 1);
	EMIT(e, 0x65, 0x48, 0x8b, 0x1c, 0x25); /* mov %gs:current,%rbx */
	emit_u32(e, KVIEW_GS_CURRENT);
	EMIT(e, 0x48, 0x8b, 0x83);	       /* mov mm(%rbx),%rax */
	emit_u32(e, offsetof(struct task_struct, mm));
	EMIT(e, 0x65, 0x48, 0x3b, 0x04, 0x25); /* cmp %gs:cpu_tlbstate.loaded_mm,%rax */
	emit_u32(e, KVIEW_GS_LOADED_MM);
	cold->borrowed = emit_jump(e, JNZ);
	if (stub->pin) {
		emit_c_call(e, stub, kview_run_pinned);
		EMIT(e, 0x50); /* push %rax: where to go on, right below struct pt_regs */
	}
	if (stub->count)
		emit_hooks(e, stub, cold);
	if (stub->pin)
		emit_pinned_end(e);
	cold->restore_back = e->size;
	emit_restore(e);
	if (chain)
		emit_branch(e, JMP_OPCODE, chain);
	else
		emit_return(e);
}

static void emit_cold_call(struct emitter *e, const struct kview_stub *stub, size_t jump, const void *function,
			   size_t back)
{
	emit_label(e, jump);
	emit_c_call(e, stub, function);
	emit_jump_back(e, back);
}

static void emit_cold(struct emitter *e, const struct kview_stub *stub, const struct cold *cold)
{
	emit_label(e, cold->interrupt);
	emit_frame(e, stub->site + 1);
	emit_cold_call(e, stub, cold->borrowed, kview_run_skipped, cold->restore_back);
	if (stub->entries) {
		emit_cold_call(e, stub, cold->missed, kview_run_missed, cold->missed_back);
		emit_cold_call(e, stub, cold->timed, kview_run_timed, cold->timed_back);
	}
	if (stub->count)
		emit_cold_call(e, stub, cold->resched, kview_run_resched, cold->resched_back);
}

size_t kview_stub_code(const struct kview_stub *stub, u8 *buffer, unsigned long chain)
{
	struct emitter e = { .buffer = buffer, .base = (unsigned long)stub->code };
	struct cold cold = {};

	emit_hot(&e, stub, chain, &cold);
	emit_cold(&e, stub, &cold);
	return e.size;
}
