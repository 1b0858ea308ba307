/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeping private copies true to the shared text while others patch it.
 *
 * Two kinds of patcher are met:
 *
 * Everybody ends in __text_poke(), under text_mutex. An ftrace_ops on it repeats the write in every copy, but for the
 * bytes of our own patches. So kprobes, jump labels, static calls and alternatives reach members as they reach all.
 *
 * Some of them also read before they write, or after: __text_poke() itself and jump labels, which BUG when they find
 * something else than they expect, and kprobes, which copy the instruction they replace. At a byte of ours a member
 * would find our patch. So right before it reads, it steps out of its image and is back as soon as text_mutex is free;
 * for a task without an address space the page goes aside.
 *
 * ftrace also reads before it writes, and disables itself for good when it does not find what it expects. Reading
 * through a private page it would find our call instead of its nop. What matters is the task that patches:
 *   - a process that is no member reads the shared text in any case: nothing to do, no window;
 *   - a member that itself rewrites a function hooked in it steps out of its image from before the first read until
 *     after the last write; the other members stay;
 *   - a task without an address space (kernel thread, exiting process) borrows anybody's: the hooked pages go aside,
 *     that is, members see the shared page meanwhile.
 * In the last two cases members' events can be lost for as long as the update takes. The window is counted and shown
 * (kview_view_info.aside_*). An update that touches no hooked function, which is nearly every one, opens none.
 *
 * After the update, the stubs of all rewritten functions are rebuilt to continue into what ftrace has put at the shared
 * site, before ftrace frees what stood there.
 */
#ifndef KVIEW_COHERENCE_H
#define KVIEW_COHERENCE_H

int kview_coherence_init(void);

/* No image may exist. Sleeps until nobody is inside a wrapper. */
void kview_coherence_exit(void);

#endif
