/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the stub of a function runs the program of one hook, within emit_context_enter() and emit_context_leave().
 *
 * @cookie: the one the run context holds at this point; they update it.
 */
#ifndef KVIEW_HOOK_CODE_H
#define KVIEW_HOOK_CODE_H

#include "emit.h"

struct kview_hook;
struct kview_stub;

/* With struct pt_regs as context. */
void emit_probe_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u64 *cookie);

/* With the trace record as context. A program excludes only itself, as in __bpf_prog_enter_recur(). */
void emit_trace_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u64 *cookie);

/* The @index-th session, at one of its two ends. Its result at the entry, if not zero, calls its return off. */
void emit_session_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u32 index,
			  bool is_return);

#endif
