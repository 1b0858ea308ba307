// SPDX-License-Identifier: GPL-2.0-only
#include "emit.h"

#include <linux/string.h>
#include <asm/cpufeature.h>

#include "compat/symbols.h"

void emit(struct emitter *e, const void *bytes, size_t len)
{
	if (e->buffer)
		memcpy(e->buffer + e->size, bytes, len);
	e->size += len;
}

void emit_u32(struct emitter *e, u32 value)
{
	emit(e, &value, sizeof(value));
}

void emit_u64(struct emitter *e, u64 value)
{
	emit(e, &value, sizeof(value));
}

void emit_branch(struct emitter *e, u8 opcode, unsigned long target)
{
	emit(e, &opcode, 1);
	emit_u32(e, target - (e->base + e->size + 4));
}

void emit_call(struct emitter *e, const void *target)
{
	emit_branch(e, CALL_OPCODE, (unsigned long)target);
}

size_t emit_jump(struct emitter *e, u8 condition)
{
	EMIT(e, 0x0f);
	emit(e, &condition, 1);
	emit_u32(e, 0);
	return e->size;
}

size_t emit_jump_always(struct emitter *e)
{
	EMIT(e, JMP_OPCODE);
	emit_u32(e, 0);
	return e->size;
}

void emit_label(struct emitter *e, size_t jump)
{
	u32 distance = e->size - jump;

	if (e->buffer)
		memcpy(e->buffer + jump - 4, &distance, 4);
}

void emit_address(struct emitter *e, size_t where)
{
	u32 address = e->base + e->size;

	if (e->buffer)
		memcpy(e->buffer + where, &address, sizeof(address));
}

void emit_jump_back(struct emitter *e, size_t target)
{
	emit_branch(e, JMP_OPCODE, e->base + target);
}

/* REX.W, @opcode, and the operand @disp(%rbp) in its shortest form */
static void emit_rbp_operand(struct emitter *e, u8 opcode, enum reg reg, s32 disp)
{
	u8 modrm = (reg & 7) << 3 | RBP;

	EMIT(e, reg & 8 ? 0x4c : 0x48, opcode);
	if (disp == (s8)disp) {
		EMIT(e, 0x40 | modrm, (u8)disp);
	} else {
		EMIT(e, 0x80 | modrm);
		emit_u32(e, disp);
	}
}

void emit_load(struct emitter *e, enum reg reg, s32 disp)
{
	emit_rbp_operand(e, 0x8b, reg, disp);
}

void emit_store(struct emitter *e, enum reg reg, s32 disp)
{
	emit_rbp_operand(e, 0x89, reg, disp);
}

void emit_lea(struct emitter *e, enum reg reg, s32 disp)
{
	emit_rbp_operand(e, 0x8d, reg, disp);
}

void emit_mov(struct emitter *e, enum reg reg, u64 value)
{
	if (value == (u64)(s64)(s32)value) {
		EMIT(e, reg & 8 ? 0x49 : 0x48, 0xc7, 0xc0 | (reg & 7));
		emit_u32(e, value);
	} else {
		EMIT(e, reg & 8 ? 0x49 : 0x48, 0xb8 | (reg & 7));
		emit_u64(e, value);
	}
}

void emit_return(struct emitter *e)
{
	if (cpu_feature_enabled(X86_FEATURE_RETHUNK)) {
		emit_branch(e, JMP_OPCODE, *kview_symbols.x86_return_thunk);
		return;
	}
	EMIT(e, 0xc3, 0xcc); /* ret; int3 stops straight-line speculation */
}
