/* SPDX-License-Identifier: GPL-2.0-only */
/* What ordinary.bpf.c writes and the tests read. */
#ifndef TESTS_VM_ORDINARY_RECORD_H
#define TESTS_VM_ORDINARY_RECORD_H

enum seen_kind {
	SEEN_KPROBE,
	SEEN_KSYSCALL,
	SEEN_TP_ENTER,
	SEEN_TP_EXIT,
	SEEN_RAW_ENTER,
	SEEN_RAW_EXIT,
	SEEN_KINDS,
};

struct seen {
	unsigned long long hits[SEEN_KINDS];
};

#endif /* TESTS_VM_ORDINARY_RECORD_H */
