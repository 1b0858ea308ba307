/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of ordinary_differential.bpf.c write. */
#ifndef TESTS_VM_ORDINARY_DIFFERENTIAL_H
#define TESTS_VM_ORDINARY_DIFFERENTIAL_H

#define DIFFERENTIAL_CALL 140 /* getpriority() */
#define DIFFERENTIAL_ARGS 4
#define DIFFERENTIAL_EVENTS 32 /* of one program that are kept */

enum differential_program {
	DIFFERENTIAL_KPROBE,
	DIFFERENTIAL_KRETPROBE,
	DIFFERENTIAL_KRETPROBE_STACK,
	DIFFERENTIAL_KSYSCALL,
	DIFFERENTIAL_KRETSYSCALL,
	DIFFERENTIAL_FENTRY,
	DIFFERENTIAL_FEXIT,
	DIFFERENTIAL_FEXIT_SYSCALL,
	DIFFERENTIAL_TP_ENTER,
	DIFFERENTIAL_TP_EXIT,
	DIFFERENTIAL_RAW_ENTER,
	DIFFERENTIAL_RAW_EXIT,
	DIFFERENTIAL_RAW_TP,
	DIFFERENTIAL_TP_BTF,
	DIFFERENTIAL_TP,
	DIFFERENTIAL_TP_SIGNAL,
	DIFFERENTIAL_PROGRAMS,
};

struct differential_event {
	unsigned long long args[DIFFERENTIAL_ARGS];
	unsigned long long result;
	unsigned long long func_ip;
	unsigned long long cookie;
};

struct differential_log {
	unsigned long long events;
	struct differential_event event[DIFFERENTIAL_EVENTS];
};

#endif /* TESTS_VM_ORDINARY_DIFFERENTIAL_H */
