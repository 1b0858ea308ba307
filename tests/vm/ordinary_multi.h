/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of ordinary_multi.bpf.c write. */
#ifndef TESTS_VM_ORDINARY_MULTI_H
#define TESTS_VM_ORDINARY_MULTI_H

#define MULTI_NO_RETURN 5 /* as cookie of a session's function */

enum multi_program {
	MULTI_ENTRY,
	MULTI_RETURN,
	MULTI_ONE,
	MULTI_SESSION_ENTRY,
	MULTI_SESSION_RETURN,
	MULTI_TRACEPOINT,
};

struct multi_key {
	unsigned long long place; /* the function's address */
	unsigned long long program;
};

struct multi_seen {
	unsigned long long runs;
	unsigned long long sum;
	unsigned long long cookie;
};

#endif /* TESTS_VM_ORDINARY_MULTI_H */
