/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kview trace` was asked to hook: from patterns such as kprobe:vfs_* to a numbered list of hooks. */
#ifndef KVIEW_CLI_TRACE_HOOKS_H
#define KVIEW_CLI_TRACE_HOOKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kview/kview.h>

#include "trace_event.h"

enum trace_kind {
	TRACE_KIND_SYSCALL, /* syscalls:NAME, both ends */
	TRACE_KIND_ENTRY,   /* kprobe:FUNCTION */
	TRACE_KIND_RETURN,  /* kretprobe:FUNCTION */
	TRACE_KIND_CALL,    /* func:FUNCTION, both ends */
	TRACE_KIND_EVENT,   /* tracepoint:CATEGORY:NAME, or CATEGORY:NAME */
	TRACE_KIND_RAW,	    /* rawtp:NAME */
	TRACE_KIND_COUNT,
};

/* How an argument is shown. */
enum trace_show {
	TRACE_SHOW_SIGNED,
	TRACE_SHOW_UNSIGNED,
	TRACE_SHOW_HEX,
	TRACE_SHOW_OCTAL,
	TRACE_SHOW_TEXT, /* a pointer to text */
	TRACE_SHOW_FOLDER, /* a descriptor that AT_FDCWD stands for, too */
	TRACE_SHOW_CHARS, /* of records: an array of characters */
	TRACE_SHOW_LOCATION, /* the same, of any length: where it is, and how long */
	TRACE_SHOW_BYTES, /* any other array */
};

struct trace_param {
	char *name;
	uint16_t offset; /* in the record of a tracepoint */
	uint16_t size; /* bytes */
	enum trace_show show;
};

struct trace_hook {
	enum trace_kind kind;
	char *name;  /* "vfs_read", "sched/sched_switch" */
	char *label; /* "kprobe:vfs_read" */
	uint64_t addr; /* of a function; 0: none, or hidden */
	bool matched; /* by a pattern: nobody insists on it */
	bool skipped; /* could not be attached */
	bool repeated; /* is in the list already */
	struct trace_hook_info info;
	struct trace_param *params;
	size_t param_count;
};

/* What a pattern matched and cannot be hooked. */
struct trace_skipped {
	char *label;
	char *reason;
};

struct trace_hooks {
	struct trace_hook *list;
	size_t count;
	struct trace_skipped *skipped;
	size_t skipped_count;
};

/* Leave with CLI_USAGE if @text is nothing that could name a hook. */
void trace_hooks_check(const char *text);

/*
 * Add what @text names, which has been checked. A single name that cannot be hooked is an error; what a pattern matches
 * besides is skipped, as long as something is left. A function that has several names is hooked once, by the first that
 * was found. Prints what is wrong and returns an exit code.
 */
int trace_hooks_add(struct trace_hooks *hooks, const char *text, enum kview_mode mode);
void trace_hooks_deinit(struct trace_hooks *hooks);

/* Note what a pattern matched and what could not be attached. */
int trace_hooks_skip(struct trace_hooks *hooks, const char *label, const char *reason);

/* A line for what was skipped; @verbose: one for each. */
void trace_hooks_tell_skipped(const struct trace_hooks *hooks, bool verbose);

/* Has it one of this kind? */
bool trace_hooks_have(const struct trace_hooks *hooks, enum trace_kind kind);

/* Is @name a pattern, that is, may it match several names? */
bool trace_is_pattern(const char *name);

/* Add an argument. -ENOMEM. */
int trace_hook_add_param(struct trace_hook *hook, const char *name, const struct trace_param *param);

/*
 * Find out what arguments and results mean: of system calls and events, by tracefs; of functions and raw tracepoints, by
 * BTF. What is not found is not shown.
 */
void trace_describe_syscalls(struct trace_hooks *hooks);
void trace_describe_functions(struct trace_hooks *hooks);
void trace_describe_events(struct trace_hooks *hooks);

#endif /* KVIEW_CLI_TRACE_HOOKS_H */
