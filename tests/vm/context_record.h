/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of context.bpf.c write down. */
#ifndef TESTS_VM_CONTEXT_RECORD_H
#define TESTS_VM_CONTEXT_RECORD_H

#include <linux/types.h>

#define CONTEXT_FUNCTION "__x64_sys_epoll_ctl"
#define CONTEXT_STACK 32 /* frames; a system call has fewer than 20 */

/* struct pt_regs */
struct context_regs {
	__u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct context_record {
	__u64 events;
	__u64 pid_tgid;
	__u64 uid_gid;
	__u64 task;
	__u64 cgroup;
	__u64 func_ip;
	__u64 cookie;
	char comm[16];
	struct context_regs regs; /* kprobes: the context; raw tracepoints: what its first argument points to */
	__u64 args[8];		  /* tracepoints: the context from byte 8 on; others: its words */
	__s64 kernel_stack_id;
	__s64 user_stack_id;
	__s64 kernel_bytes;
	__s64 user_bytes;
	__u64 kernel_stack[CONTEXT_STACK];
	__u64 user_stack[CONTEXT_STACK];
};

#endif
