/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's tracepoints: their names, and whether the module can hook them. */
#ifndef TESTS_VM_TRACEPOINTS_H
#define TESTS_VM_TRACEPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include <kview.h>

struct tracepoint {
	char name[64];
	__u32 reason; /* KVIEW_WHY_NONE: can be hooked */
};

struct tracepoints {
	struct tracepoint *list;
	size_t count;
};

/* Those of the kernel itself. */
struct tracepoints tracepoints_all(void);

/* What the module says of one. */
__u32 tracepoint_reason(const char *name);

/*
 * Is @name refused for the checks (KASAN) that the kernel's compiler has put between its instructions? A kernel without
 * them lets it be hooked.
 */
bool tracepoint_is_checked(const char *name);

/* End the case as skipped if it is. */
void tracepoint_need(const char *name);

/* Hook tracepoints through a view. */
int kv_try_tracepoint(int view, __u32 kind, int prog, const char *name);
int kv_tracepoint(int view, __u32 kind, int prog, const char *name);

#endif
