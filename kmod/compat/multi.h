/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What surrounds a program loaded for kprobe.multi or kprobe.session while it runs: its helpers look for their cookie and
 * function in records that are private to kernel/trace/bpf_trace.c. BTF tells where in these records each field lies.
 *
 * Since Linux kernel commit adf46d88ae4b ("bpf: Add support for kprobe session context") (in v6.10) the context begins
 * with a part for sessions.
 */
#ifndef KVIEW_COMPAT_MULTI_H
#define KVIEW_COMPAT_MULTI_H

#include <linux/types.h>

#define KVIEW_MULTI_CONTEXT_MAX 64

struct kview_multi_layout {
	u32 link_size;	/* struct bpf_kprobe_multi_link */
	u32 addrs;	/* sorted array of function addresses */
	u32 cookies;	/* array of cookies in the same order, or NULL */
	u32 cnt;
	u32 context_size; /* struct bpf_kprobe_multi_run_ctx */
	u32 context_link;
	u32 context_ip;
	bool sessions;	/* this kernel has them: */
	u32 context_is_return;
	u32 context_data; /* pointer to 8 bytes that entry and return share */
};

/* Read it once. -EOPNOTSUPP: this kernel has no such records, or they look different. Sleeps. */
int kview_multi_layout(const struct kview_multi_layout **ret_layout);

#endif
