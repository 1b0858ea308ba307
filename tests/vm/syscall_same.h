/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of syscall_same.bpf.c write down. */
#ifndef TESTS_VM_SYSCALL_SAME_H
#define TESTS_VM_SYSCALL_SAME_H

#include <linux/types.h>

#define SYSCALL_EVENTS 1024 /* one run of a script makes fewer than 200 */

enum syscall_program {
	RAW_ENTER,
	RAW_EXIT,
	TP_ENTER,
	TP_EXIT,
	BTF_ENTER,
	BTF_EXIT,
	SYSCALL_PROGRAMS,
};

struct syscall_event {
	__u32 program;
	__u32 reserved;
	__s64 number;  /* as the tracepoint has it */
	__s64 result;  /* at exit; of raw programs at entry: %rax */
	__u64 args[6]; /* raw programs, and those with types: %rdi, %rsi, %rdx, %r10, %r8, %r9; tracepoint programs: the record's */
	__s64 orig_ax; /* raw programs */
};

#endif
