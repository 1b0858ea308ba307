/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function's stub while its code is written: first the hot code, without a taken branch on the usual way, then what it
 * leaves for.
 */
#ifndef KVIEW_DETOUR_CODE_H
#define KVIEW_DETOUR_CODE_H

#include "emit.h"

struct kview_stub;

/* Places the cold code, which follows the hot code, jumps to and comes from. */
struct cold {
	size_t others, dispatched, interrupt, borrowed, deep; /* jumps out, at the function's entry */
	size_t put_off, made;		  /* the jump out for a call that is put off; where one goes on that is made */
	size_t end;			  /* where they return */
	size_t left, back;		  /* the same at its return */
};

/* A call into C that is not on the usual way. */
struct detour {
	size_t out, back;
	const void *function;
};

#define DETOURS 12

struct code {
	struct emitter e;
	const struct kview_stub *stub;
	unsigned long chain;
	struct cold cold;
	struct detour detours[DETOURS];
	u32 detour_count;
	size_t resume;
};

/* function(stub, regs), whose frame is there */
void emit_c_call(struct emitter *e, const struct kview_stub *stub, const void *function);

/* Where @jump leads: function(stub, regs); it comes back where end_detour() is called. */
struct detour *begin_detour(struct code *code, size_t jump, const void *function);
void end_detour(struct code *code, struct detour *detour);

/* All of them, behind the rest of the code. */
void emit_detours(struct code *code);

#endif
