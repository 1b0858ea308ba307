/* SPDX-License-Identifier: GPL-2.0-only */
/* What stubs do at the functions that all system calls pass (hook.h); in others, nothing. */
#ifndef KVIEW_SYSCALL_CODE_H
#define KVIEW_SYSCALL_CODE_H

#include "detour_code.h"

/* --- among the programs at the function's entry, with preemption off and current in %rbx --- */

/* Where a call is dispatched: its entry will not have to be shown where it ends. */
void emit_syscall_seen(struct code *code);

/* Entries that no dispatch function has seen; the call is over in any case. */
void emit_syscall_late(struct code *code);

/* Raw tracepoint programs, and those with types: the registers of user space, and the number or the result. */
void emit_syscall_raws(struct code *code);

/*
 * Behind them, with preemption on: where a program has put the call off, and with reason, the function returns without
 * having begun. The second is what is not on the usual way.
 */
void emit_syscall_put_off(struct code *code);
void emit_cold_put_off(struct code *code);

/* Programs of single calls: other calls go past in a few instructions. */
void emit_syscall_calls(struct code *code);

/* --- in front of all else, where no more than the mark is wanted; both clobber %r11 alone --- */

/* In __secure_computing(): the jump for numbers whose entry is seen elsewhere. */
size_t emit_if_dispatched(struct emitter *e);

/* Where calls end: the mark is taken away, but for numbers that are not dispatched, whose jump this returns. */
size_t emit_settle_dispatched(struct emitter *e);

#endif
