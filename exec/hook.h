/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A place the tool wants its program at: what it is called, and what the module has to be told. */
#ifndef KVIEW_EXEC_HOOK_H
#define KVIEW_EXEC_HOOK_H

#include <stdint.h>

#include "exec.h"
#include "util/cleanup.h"

struct hook {
	uint32_t kind;	/* KVIEW_HOOK_* */
	char *name;	/* of the function or tracepoint; NULL: @value says it, or the program */
	uint64_t value; /* address or number of system call */
	char *label;	/* for people: "kprobe vfs_read" */
	uint32_t why;	/* KVIEW_WHY_*: it cannot be in a view */
	enum exec_scope scope; /* but for EXEC_VIEW: of a dry run, to be listed and not attached */
};

/* @name may be NULL and is copied; the label follows @fmt. */
int hook_new(uint32_t kind, const char *name, uint64_t value, struct hook **ret_hook, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void hook_free(struct hook *hook);
DEFINE_CLEANUP(struct hook *, hook_free)

#endif /* KVIEW_EXEC_HOOK_H */
