/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels in BPF programs and how they are run. */
#ifndef KVIEW_COMPAT_PROG_H
#define KVIEW_COMPAT_PROG_H

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/version.h>

/* Since Linux kernel commit 66c8473135c6 ("bpf: move sleepable flag from bpf_prog_aux to bpf_prog") (in v6.10). */
static inline bool kview_prog_sleepable(const struct bpf_prog *prog)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return prog->sleepable;
#else
	return prog->aux->sleepable;
#endif
}

/* Since Linux kernel commit a3c485a5d8d4 ("bpf: Add support for bpf_get_func_ip helper for uprobe program") (in v6.6). */
static inline void kview_run_ctx_init(struct bpf_trace_run_ctx *ctx)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	ctx->is_uprobe = false;
#endif
	ctx->bpf_cookie = 0;
}

/*
 * Which registers a system call tracepoint's program finds in its context: since 6.12's "tracing/bpf: disable
 * preemption in syscall probe" rework the kernel hands out the caller's kernel registers, before that the user's.
 */
static inline struct pt_regs *kview_tp_regs(struct pt_regs *kernel, struct pt_regs *user)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return kernel;
#else
	return user;
#endif
}

/* Loaded for kprobe.session. Since Linux kernel commit 535a3692ba72 ("bpf: Add support for kprobe session attach") (in v6.10). */
static inline bool kview_prog_is_session(const struct bpf_prog *prog)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return prog->type == BPF_PROG_TYPE_KPROBE && prog->expected_attach_type == BPF_TRACE_KPROBE_SESSION;
#else
	return false;
#endif
}

/* Loaded for kprobe.multi or kprobe.session, whose helpers look for another run context (compat/multi.h). */
static inline bool kview_prog_is_multi(const struct bpf_prog *prog)
{
	return kview_prog_is_session(prog) ||
	       (prog->type == BPF_PROG_TYPE_KPROBE && prog->expected_attach_type == BPF_TRACE_KPROBE_MULTI);
}

/*
 * Loaded for a link on user space's functions. Since Linux kernel commit 89ae89f53d20 ("bpf: Add multi uprobe link") (in
 * v6.6); sessions since d920179b3d48 ("bpf: Add support for uprobe multi session attach") (in v6.13).
 */
static inline bool kview_prog_is_uprobe_multi(const struct bpf_prog *prog)
{
	if (prog->type != BPF_PROG_TYPE_KPROBE)
		return false;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	if (prog->expected_attach_type == BPF_TRACE_UPROBE_SESSION)
		return true;
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return prog->expected_attach_type == BPF_TRACE_UPROBE_MULTI;
#else
	return false;
#endif
}

/* The kernel's bpf_prog_inc_misses_counter() is not exported. */
static inline void kview_prog_missed(struct bpf_prog *prog)
{
	struct bpf_prog_stats *stats = this_cpu_ptr(prog->stats);
	unsigned long flags = u64_stats_update_begin_irqsave(&stats->syncp);

	u64_stats_inc(&stats->misses);
	u64_stats_update_end_irqrestore(&stats->syncp, flags);
}

#endif
