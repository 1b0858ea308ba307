/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run a tracing tool as it is, and attach in a view what it attaches to functions, tracepoints and system calls.
 *
 * The tool runs under a seccomp filter that hands bpf(2), perf_event_open(2) and perf's ioctls to us (filter.h). What we
 * put in place of an attachment is the link's own descriptor, so that the kernel keeps its life as it keeps that of
 * others: dup and fork share it, the last close detaches.
 */
#ifndef KVIEW_EXEC_EXEC_H
#define KVIEW_EXEC_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kview;

/* Who is seen where something is attached, and pays for it. */
enum exec_scope {
	EXEC_VIEW,    /* what is traced, by the view */
	EXEC_KERNEL,  /* what is traced, by a limit of the kernel's own */
	EXEC_FILTER,  /* what is traced, by a filter that everybody pays for who comes by */
	EXEC_MACHINE, /* everybody */
};

/* One thing the tool has attached, or wanted to. Strings are the callee's to copy. In dry runs alone @scope differs. */
struct exec_record {
	const char *hook;    /* "kprobe vfs_read", "tracepoint sched:sched_switch", ... */
	const char *program; /* its name */
	enum exec_scope scope;
	uint32_t hooks;	    /* places in the view; 0 when refused */
	const char *reason; /* why it was refused and what to do, without @hook; NULL when attached */
};

struct exec_options {
	struct kview *view;    /* in view mode: what functions, tracepoints and system calls are attached in */
	struct kview *members; /* whose members are traced: @view, but in dry runs one in which nothing is attached */
	bool dry_run;	       /* what @view does not take is not attached anywhere */
	char **argv;
	bool interrupts;
	/* Something a person has to know: one line without a full stop. */
	void (*note)(void *data, const char *line);
	void (*record)(void *data, const struct exec_record *record);
	void *data;
};

/* How the tool ended: as wait(2) has it. */
struct exec_result {
	int status;
	bool started; /* false: the tool could not be executed, for the reason that exec_run() returns */
};

/*
 * Run the tool to its end. @ret_result is written in any case.
 *
 * -ENOENT, -EACCES, ...  the tool cannot be executed
 * -EPERM                 its system calls cannot be watched: see seccomp(2), ptrace(2)
 */
int exec_run(const struct exec_options *options, struct exec_result *ret_result);

#endif /* KVIEW_EXEC_EXEC_H */
