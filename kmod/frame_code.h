/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of a function's stub, downwards from the caller's return address:
 *
 *	16(%rbp)	return address into the caller
 *	8(%rbp)		return address into the function, behind its site
 *	0(%rbp)		caller's %rbp
 *	sessions	a word with a bit for each that wants the return, then 8 bytes for each
 *	trace record	upwards: address of the function, number of words, words of arguments, result; for tracing programs
 *	struct pt_regs	while programs run
 */
#ifndef KVIEW_FRAME_CODE_H
#define KVIEW_FRAME_CODE_H

#include <linux/ptrace.h>

#include "emit.h"
#include "stub.h"

#define CALLER_RETURN 16 /* above the frame pointer */
#define STACK_ARGS 24

static inline s32 area_bytes(const struct kview_stub *stub)
{
	return stub->area * sizeof(u64);
}

/* Distance below the frame pointer of a register's slot in struct pt_regs. */
static inline s32 frame_slot(const struct kview_stub *stub, size_t offset)
{
	return (s32)offset - (s32)sizeof(struct pt_regs) - area_bytes(stub);
}

#define FRAME(reg) frame_slot(stub, offsetof(struct pt_regs, reg))

/* Distance below the frame pointer of a word of the trace record; 0 is the first argument. */
static inline s32 record_slot(const struct kview_stub *stub, s32 word)
{
	return (word + 2) * (s32)sizeof(u64) - area_bytes(stub);
}

/* The same of the word that says which sessions want the return, and of the 8 bytes of one. */
#define WANTED_SLOT (-(s32)sizeof(u64))

static inline s32 session_slot(u32 index)
{
	return WANTED_SLOT - (s32)(index + 1) * (s32)sizeof(u64);
}

/* Make room for what lasts as long as the function. */
void emit_area(struct emitter *e, const struct kview_stub *stub);

/* Push struct pt_regs: registers at the function's entry, or behind the call of the function. */
void emit_frame(struct emitter *e, const struct kview_stub *stub);
void emit_return_frame(struct emitter *e);

/* Take back the registers that arguments are in, and %rbx. */
void emit_restore(struct emitter *e, const struct kview_stub *stub);
void emit_leave(struct emitter *e);

/* Fill in the trace record but for the result, and what sessions have for themselves. Both clobber %r10. */
void emit_record(struct emitter *e, const struct kview_stub *stub);
void emit_sessions(struct emitter *e, const struct kview_stub *stub);

#endif
