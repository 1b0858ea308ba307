/* SPDX-License-Identifier: GPL-2.0-only */
/* What the BPF programs of the tests write. */
#ifndef TESTS_VM_ORDINARY_RECORD_H
#define TESTS_VM_ORDINARY_RECORD_H

enum seen_kind {
	SEEN_KPROBE,
	SEEN_KSYSCALL,
	SEEN_TP_ENTER,
	SEEN_TP_EXIT,
	SEEN_RAW_ENTER,
	SEEN_RAW_EXIT,
	SEEN_KRETPROBE,
	SEEN_KRETSYSCALL,
	SEEN_FENTRY,
	SEEN_FEXIT,
	SEEN_KINDS,
};

struct seen {
	unsigned long long hits[SEEN_KINDS];
};

/* ordinary_context.bpf.c: what the last run was given. */
struct given {
	unsigned long long number; /* of the system call */
	unsigned long long func_ip, ip, sp;
	unsigned long long pid_tgid;
	long long stack;
	char comm[16]; /* TASK_COMM_LEN */
};

#endif /* TESTS_VM_ORDINARY_RECORD_H */
