// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracepoint's stub does. It is entered by the jump that stands for the load of the list of probes:
 *
 *	lea  empty(%rip),%reg		in place of the list: a record whose data is NULL
 *	the set-up (setup.h)		arguments, as the kernel's own code prepares them
 *	call body; jmp resume
 * body:
 *	none of the threads that alone see the view? -> return, or jump to the kernel's iterator if others listen
 *	push %rbp; mov %rsp,%rbp	a real frame, which unwinders can step over
 *	return address = resume		so that whoever unwinds or is called sees the kernel's own call
 *	save %rbx and the arguments	narrow ones zero-extended: the very u64[] bpf_trace_runN() makes
 *	not in task context, or not on its own address space? -> skip, see stub_code.c
 *	bpf_stats_enabled? -> timed
 *	for each: busy? -> missed; set run context, call the program, count
 *	for each of type tracepoint/CATEGORY/NAME: count, call what builds its record and runs it (record.h)
 *	others listen? -> their turn
 *	return address = the jump	where the CPU's return predictor expects it; return
 * others:
 *	restore the arguments; jump to the kernel's iterator
 *
 * The block has preemption off from before the load until after the call, so nobody sleeps in here, programs need no
 * counting of their own, and RCU holds them.
 */
#include "trace_code.h"

#include <linux/bpf.h>
#include <linux/tracepoint-defs.h>

#include "emit.h"
#include "link.h"
#include "program_code.h"
#include "record.h"
#include "run.h"
#include "setup.h"
#include "stub.h"
#include "tracepoint.h"

/* Probes get their data first, then the tracepoint's arguments. */
static const enum reg arg_regs[] = { RSI, RDX, RCX, R8, R9 };

#define JMP_SIZE 5
#define REG_ARGS ARRAY_SIZE(arg_regs)
#define RETURN_SLOT 8 /* above %rbp */
#define STACK_ARGS 16
#define SAVED_RBX (-8)

static s32 arg_slot(const struct kview_tracepoint *point, u32 index)
{
	return SAVED_RBX - 8 * (s32)(point->args - index);
}

/* movzx, movsx or mov from a register or memory of @size bytes to a 32-bit register; @modrm without the reg field. */
static void emit_narrow(struct emitter *e, u8 size, bool sign, enum reg to, u8 rex, u8 modrm, s32 disp)
{
	EMIT(e, 0x40 | rex | (to & 8 ? 4 : 0));
	if (size == 4)
		EMIT(e, 0x8b);
	else
		EMIT(e, 0x0f, (sign ? 0xbe : 0xb6) | (size == 2));
	EMIT(e, modrm | (to & 7) << 3);
	if (modrm == 0x85)
		emit_u32(e, disp);
}

static void emit_narrow_load(struct emitter *e, const struct kview_trace_arg *arg, enum reg to, s32 disp)
{
	emit_narrow(e, arg->size, false, to, 0, 0x85, disp); /* disp32(%rbp) */
}

static void emit_push(struct emitter *e, enum reg reg)
{
	if (reg & 8)
		EMIT(e, 0x41);
	EMIT(e, 0x50 | (reg & 7));
}

/* CAST_TO_U64() and all */
static void emit_save_arg(struct emitter *e, const struct kview_trace_arg *arg, u32 index)
{
	enum reg reg = index < REG_ARGS ? arg_regs[index] : RAX;

	if (index >= REG_ARGS && arg->size == 8)
		emit_load(e, reg, STACK_ARGS + 8 * (s32)(index - REG_ARGS));
	else if (index >= REG_ARGS)
		emit_narrow_load(e, arg, reg, STACK_ARGS + 8 * (s32)(index - REG_ARGS));
	else if (arg->size < 8)
		emit_narrow(e, arg->size, false, reg, reg & 8 ? 1 : 0, 0xc0 | (reg & 7), 0);
	emit_push(e, reg);
}

static void emit_save_args(struct emitter *e, const struct kview_tracepoint *point)
{
	u32 i;

	for (i = point->args; i--;)
		emit_save_arg(e, &point->arg[i], i);
}

/* Some compilers count on callers to extend what is narrower than an int by its sign. */
static void emit_restore_args(struct emitter *e, const struct kview_tracepoint *point)
{
	u32 i;

	for (i = 0; i < point->args && i < REG_ARGS; i++) {
		const struct kview_trace_arg *arg = &point->arg[i];

		if (arg->size < 4 && arg->is_signed)
			emit_narrow(e, arg->size, true, arg_regs[i], 0, 0x85, arg_slot(point, i));
		else
			emit_load(e, arg_regs[i], arg_slot(point, i));
	}
}

/* The return address becomes @addr: kernel text and arena both lie in the highest 2 GiB. */
static void emit_set_return(struct emitter *e, unsigned long addr)
{
	EMIT(e, 0x48, 0xc7, 0x45, RETURN_SLOT); /* movq $addr,8(%rbp) */
	emit_u32(e, addr);
}

/* function(@first, args) */
static void emit_c_call(struct emitter *e, const struct kview_stub *stub, const void *first, const void *function)
{
	emit_mov(e, RDI, (u64)first);
	emit_lea(e, RSI, arg_slot(stub->place.tracepoint, 0));
	emit_call(e, function);
}

/* The arguments that registers cannot hold, as they came; returns the bytes they take. */
static u8 emit_push_rest(struct emitter *e, const struct kview_tracepoint *point)
{
	u32 i;

	for (i = point->args; i-- > REG_ARGS;) {
		EMIT(e, 0xff, 0xb5); /* push disp(%rbp) */
		emit_u32(e, STACK_ARGS + 8 * (i - REG_ARGS));
	}
	return point->args > REG_ARGS ? 8 * (point->args - REG_ARGS) : 0;
}

/* The kernel's own function builds the record and runs the program. */
static void emit_record_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook)
{
	const struct trace_event_call *call = &hook->record->call;
	u8 pushed;

	emit_mov(e, RDI, (u64)hook);
	emit_call(e, kview_run_count_record);
	pushed = emit_push_rest(e, stub->place.tracepoint);
	emit_restore_args(e, stub->place.tracepoint);
	emit_mov(e, RDI, (u64)call);
	emit_call(e, call->class->perf_probe);
	if (pushed)
		EMIT(e, 0x48, 0x8d, 0x64, 0x24, pushed); /* lea pushed(%rsp),%rsp */
}

/* Where the cold code comes from and goes to. */
struct cold {
	size_t strangers, interrupt, borrowed, timed, others;
	size_t after_raws, after_programs;
};

static void emit_raws(struct emitter *e, const struct kview_stub *stub, struct cold *cold)
{
	size_t others;
	u32 i;

	cold->timed = emit_if_timed(e);
	emit_rcu_lock(e);
	emit_context_enter(e);
	for (i = stub->group[KVIEW_RAWS]; i < stub->group[KVIEW_RAWS + 1]; i++) {
		others = emit_if_other_than(e, stub->threads ? stub->threads[i] : NULL);
		emit_raw_program(e, stub->hooks[i], arg_slot(stub->place.tracepoint, 0), 0);
		emit_others_label(e, others);
	}
	emit_context_leave(e);
	emit_rcu_unlock(e);
	cold->after_raws = e->size;
}

static void emit_entry(struct emitter *e, const struct kview_stub *stub, struct cold *cold)
{
	if (stub->only)
		cold->strangers = emit_if_others(e, stub->only);
	EMIT(e, 0x55, 0x48, 0x89, 0xe5); /* push %rbp; mov %rsp,%rbp */
	emit_set_return(e, stub->place.setup->resume);
	emit_push(e, RBX);
	emit_save_args(e, stub->place.tracepoint);
	cold->interrupt = emit_unless_task(e);
	cold->borrowed = emit_unless_own_mm(e);
}

static void emit_leave(struct emitter *e)
{
	emit_load(e, RBX, SAVED_RBX);
	EMIT(e, 0xc9); /* leave */
}

/* A jump if others listen. */
static size_t emit_if_heard(struct emitter *e, const struct kview_stub *stub)
{
	EMIT(e, 0x48, 0x83, 0x3c, 0x25); /* cmpq $0,tp->funcs */
	emit_u32(e, (unsigned long)&stub->place.tracepoint->tp->funcs);
	EMIT(e, 0x00);
	return emit_jump(e, JNZ);
}

static void emit_body(struct emitter *e, const struct kview_stub *stub, unsigned long caller, struct cold *cold)
{
	size_t others;
	u32 i;

	emit_entry(e, stub, cold);
	if (kview_group_count(stub, KVIEW_RAWS))
		emit_raws(e, stub, cold);
	for (i = stub->group[KVIEW_CALLS]; i < stub->group[KVIEW_CALLS + 1]; i++) {
		others = emit_if_other_than(e, stub->threads ? stub->threads[i] : NULL);
		emit_record_program(e, stub, stub->hooks[i]);
		emit_others_label(e, others);
	}
	cold->after_programs = e->size;
	cold->others = emit_if_heard(e, stub);
	emit_set_return(e, caller);
	emit_leave(e);
	emit_return(e);
}

/* An interrupt that came upon a member, for those who want it; NMIs are nothing for programs. */
static void emit_interrupt(struct emitter *e, const struct kview_stub *stub, const struct cold *cold)
{
	size_t nmi, borrowed;

	nmi = emit_if_nmi(e);
	borrowed = emit_unless_own_mm(e);
	emit_c_call(e, stub, stub, kview_run_interrupt_tracepoint);
	emit_jump_back(e, cold->after_programs);
	emit_label(e, nmi);
	emit_label(e, borrowed);
}

static void emit_iterator(struct emitter *e, const struct kview_stub *stub)
{
	emit_branch(e, JMP_OPCODE, (unsigned long)stub->place.tracepoint->tp->iterator);
}

/* Threads that do not see the view: nothing has been saved yet. */
static void emit_strangers(struct emitter *e, const struct kview_stub *stub, const struct cold *cold)
{
	size_t others;

	emit_label(e, cold->strangers);
	others = emit_if_heard(e, stub);
	emit_return(e);
	emit_label(e, others);
	EMIT(e, 0x48, 0xc7, 0x04, 0x24); /* movq $resume,(%rsp) */
	emit_u32(e, stub->place.setup->resume);
	emit_iterator(e, stub);
}

static void emit_cold(struct emitter *e, const struct kview_stub *stub, const struct cold *cold)
{
	if (kview_group_count(stub, KVIEW_RAWS)) {
		emit_label(e, cold->timed);
		emit_c_call(e, stub, stub, kview_run_timed_tracepoint);
		emit_jump_back(e, cold->after_raws);
	}
	emit_label(e, cold->interrupt);
	if (stub->interrupts)
		emit_interrupt(e, stub, cold);
	emit_label(e, cold->borrowed);
	emit_c_call(e, stub, stub, kview_run_skipped);
	emit_jump_back(e, cold->after_programs);

	emit_label(e, cold->others);
	emit_restore_args(e, stub->place.tracepoint);
	emit_leave(e);
	emit_iterator(e, stub);
	if (stub->only)
		emit_strangers(e, stub, cold);
}

/* lea to the record at the end of the stub; returns where its displacement is to be filled in. */
static size_t emit_lea_record(struct emitter *e, enum reg reg)
{
	EMIT(e, reg & 8 ? 0x4c : 0x48, 0x8d, 0x05 | (reg & 7) << 3);
	emit_u32(e, 0);
	return e->size;
}

size_t kview_trace_code(const struct kview_stub *stub, u8 *buffer)
{
	const struct kview_setup *setup = stub->place.setup;
	struct emitter e = { .buffer = buffer, .base = (unsigned long)stub->code };
	struct cold cold = {};
	size_t record, body;

	record = emit_lea_record(&e, setup->reg);
	kview_setup_emit(&e, setup);
	EMIT(&e, CALL_OPCODE);
	emit_u32(&e, JMP_SIZE);
	body = e.size;
	emit_branch(&e, JMP_OPCODE, setup->resume);
	emit_body(&e, stub, e.base + body, &cold);
	emit_cold(&e, stub, &cold);
	emit_label(&e, record);
	emit_u64(&e, 0); /* struct tracepoint_func: func */
	emit_u64(&e, 0); /* data */
	return e.size;
}
