// SPDX-License-Identifier: GPL-2.0-only
#include "detour_code.h"

#include "frame_code.h"
#include "stub.h"

void emit_c_call(struct emitter *e, const struct kview_stub *stub, const void *function)
{
	emit_mov(e, RDI, (u64)stub);
	emit_lea(e, RSI, FRAME(r15));
	emit_call(e, function);
}

struct detour *begin_detour(struct code *code, size_t jump, const void *function)
{
	struct detour *detour = &code->detours[code->detour_count++];

	detour->out = jump;
	detour->function = function;
	return detour;
}

void end_detour(struct code *code, struct detour *detour)
{
	detour->back = code->e.size;
}

void emit_detours(struct code *code)
{
	u32 i;

	for (i = 0; i < code->detour_count; i++) {
		emit_label(&code->e, code->detours[i].out);
		emit_c_call(&code->e, code->stub, code->detours[i].function);
		emit_jump_back(&code->e, code->detours[i].back);
	}
}
