/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing machine code. The same function produces it twice: without a buffer to learn its size, then for real at its
 * final address.
 */
#ifndef KVIEW_EMIT_H
#define KVIEW_EMIT_H

#include <linux/build_bug.h>
#include <linux/types.h>

struct emitter {
	u8 *buffer;	    /* NULL: count only */
	unsigned long base; /* address the code will run at */
	size_t size;
};

void emit(struct emitter *e, const void *bytes, size_t len);
void emit_u32(struct emitter *e, u32 value);
void emit_u64(struct emitter *e, u64 value);

#define EMIT(e, ...)                                                                                                   \
	do {                                                                                                           \
		const u8 bytes_[] = { __VA_ARGS__ };                                                                   \
		emit(e, bytes_, sizeof(bytes_));                                                                       \
	} while (0)

/* call or jmp; both reach 2 GiB, which arena, kernel text and programs keep within. */
#define CALL_OPCODE 0xe8
#define JMP_OPCODE 0xe9
#define JMP8_OPCODE 0xeb /* reaches 128 bytes */
void emit_branch(struct emitter *e, u8 opcode, unsigned long target);
void emit_call(struct emitter *e, const void *target);

/* Conditions of emit_jump() */
#define JB 0x82
#define JNC 0x83
#define JZ 0x84
#define JNZ 0x85
#define JA 0x87

/* A forward jump whose target a later emit_label() fills in. */
size_t emit_jump(struct emitter *e, u8 condition);
size_t emit_jump_always(struct emitter *e);
void emit_label(struct emitter *e, size_t jump);
void emit_jump_back(struct emitter *e, size_t target);

/* Fill in the 4 bytes at @where, of an instruction that takes a sign-extended address, with the one of what follows. */
void emit_address(struct emitter *e, size_t where);

/* Numbers of registers as instructions encode them. */
enum reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* mov @disp(%rbp),@reg and the reverse */
void emit_load(struct emitter *e, enum reg reg, s32 disp);
void emit_store(struct emitter *e, enum reg reg, s32 disp);
/* lea @disp(%rbp),@reg */
void emit_lea(struct emitter *e, enum reg reg, s32 disp);

/* mov $value,@reg in the shortest form */
void emit_mov(struct emitter *e, enum reg reg, u64 value);

/* Return as this kernel does, with or without a thunk. */
void emit_return(struct emitter *e);

#endif
