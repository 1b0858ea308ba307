// SPDX-License-Identifier: GPL-2.0-only
#include "frame_code.h"

#include <asm/segment.h>

#include "proto.h"

/* @sp: distance of the stack pointer to be recorded above the frame pointer. The address is pushed before or after. */
static void emit_frame_top(struct emitter *e, u8 sp)
{
	EMIT(e, 0x6a, __KERNEL_DS);		  /* push $__KERNEL_DS		ss */
	EMIT(e, 0x55, 0x48, 0x83, 0x04, 0x24, sp); /* push %rbp; addq $sp,(%rsp)	sp */
	EMIT(e, 0x9c);				  /* pushfq			flags */
	EMIT(e, 0x6a, __KERNEL_CS);		  /* push $__KERNEL_CS		cs */
}

static void emit_frame_rest(struct emitter *e)
{
	EMIT(e, 0x57, 0x56, 0x52, 0x51, 0x50);	  /* push %rdi %rsi %rdx %rcx %rax */
	EMIT(e, 0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53); /* push %r8 %r9 %r10 %r11 */
	EMIT(e, 0x53, 0xff, 0x75, 0x00);	  /* push %rbx; push (%rbp)	the caller's rbp */
	EMIT(e, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57); /* push %r12 %r13 %r14 %r15 */
}

void emit_frame(struct emitter *e, const struct kview_stub *stub)
{
	emit_frame_top(e, CALLER_RETURN);
	EMIT(e, 0x68); /* push $ip: the probed address plus one, where the CPU stands when a breakpoint has been hit */
	emit_u32(e, stub->site + 1);
	EMIT(e, 0x6a, 0x00); /* push $0		orig_ax, as ftrace_regs_caller has it */
	emit_frame_rest(e);
}

/* As a kretprobe's program gets them. */
void emit_return_frame(struct emitter *e)
{
	emit_frame_top(e, STACK_ARGS);
	EMIT(e, 0xff, 0x75, CALLER_RETURN); /* push 16(%rbp)	ip */
	EMIT(e, 0x6a, 0xff);		    /* push $-1		orig_ax */
	emit_frame_rest(e);
}

void emit_restore(struct emitter *e, const struct kview_stub *stub)
{
	emit_load(e, RDI, FRAME(di));
	emit_load(e, RSI, FRAME(si));
	emit_load(e, RDX, FRAME(dx));
	emit_load(e, RCX, FRAME(cx));
	emit_load(e, RAX, FRAME(ax));
	emit_load(e, R8, FRAME(r8));
	emit_load(e, R9, FRAME(r9));
	emit_load(e, RBX, FRAME(bx));
}

void emit_leave(struct emitter *e)
{
	EMIT(e, 0xc9);
}

void emit_area(struct emitter *e, const struct kview_stub *stub)
{
	if (stub->area)
		emit_lea(e, RSP, -area_bytes(stub));
}

/* The arguments as they came, for tracing programs at either end of the function. */
void emit_record(struct emitter *e, const struct kview_stub *stub)
{
	static const enum reg registers[KVIEW_PROTO_REGISTERS] = { RDI, RSI, RDX, RCX, R8, R9 };
	const struct kview_proto *proto = stub->proto;
	u32 i;

	/* The function's own address, in front of a possible endbr. */
	emit_mov(e, R10, stub->function);
	emit_store(e, R10, record_slot(stub, -2));
	emit_mov(e, R10, proto->words);
	emit_store(e, R10, record_slot(stub, -1));
	for (i = 0; i < proto->words; i++) {
		enum reg reg = R10;

		if (proto->place[i] < KVIEW_PROTO_REGISTERS)
			reg = registers[proto->place[i]];
		else
			emit_load(e, R10, STACK_ARGS + (proto->place[i] - KVIEW_PROTO_REGISTERS) * sizeof(u64));
		emit_store(e, reg, record_slot(stub, i));
	}
}

/* All want the return, and find their 8 bytes empty. */
void emit_sessions(struct emitter *e, const struct kview_stub *stub)
{
	u32 i;

	emit_mov(e, R10, U64_MAX);
	emit_store(e, R10, WANTED_SLOT);
	emit_mov(e, R10, 0);
	for (i = 0; i < stub->sessions; i++)
		emit_store(e, R10, session_slot(i));
}
