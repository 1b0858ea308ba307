/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeping private copies true to the shared text while others patch it.
 *
 * Two kinds of patcher are met at two places:
 *
 * Everybody ends in __text_poke(), under text_mutex. An ftrace_ops on it repeats the write in every copy, but for the
 * bytes of our own patches. So kprobes, jump labels, static calls and alternatives reach members as they reach all.
 *
 * ftrace also reads before it writes, and disables itself for good when it does not find what it expects. A member (or
 * a kernel thread that borrowed a member's address space) would read our call instead of the nop. So before ftrace
 * rewrites a function that is hooked in some image, the page goes aside there: members see the shared page. After the
 * update it comes back, with stubs that continue into whatever ftrace has put at the shared site. In between members'
 * events at that page are lost; the window is counted (kview_view_info.aside_*). Functions that are not hooked, which
 * is nearly always all of them, cost nothing and open no window.
 */
#ifndef KVIEW_COHERENCE_H
#define KVIEW_COHERENCE_H

int kview_coherence_init(void);

/* No image may exist. Sleeps until nobody is inside a wrapper. */
void kview_coherence_exit(void);

#endif
