/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command traces: processes and threads named by --pid, --tree and --tid, those of cgroups, or a command of its own. */
#ifndef KVIEW_CLI_TARGETS_H
#define KVIEW_CLI_TARGETS_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#include <kview/kview.h>

#include "child.h"

/* How much of what an id names. */
enum target_kind {
	TARGET_PROCESS,
	TARGET_TREE,   /* with all its descendants */
	TARGET_THREAD, /* that thread alone */
};

struct target {
	enum target_kind kind;
	pid_t pid;     /* or the thread's id */
	pid_t process; /* the thread's, once it is open; else @pid */
	int pidfd; /* of the process, for a thread too */
	bool over; /* a thread that has ended */
};

/* A cgroup, by path or by the container it belongs to. */
struct group {
	const char *name;
	bool container;
};

/* Do processes that members fork become members? */
enum follow {
	FOLLOW_DEFAULT, /* those of a command, where it can be done */
	FOLLOW_NO,
	FOLLOW_YES,
};

struct targets {
	const char *command; /* of kview, for messages: "run" */
	char **argv;	     /* what to run and trace; NULL: nothing */
	struct target *list;
	size_t count;
	struct group *groups;
	size_t group_count;
	enum follow follow;
	struct child child;
};

/* Add those in @text, "12" or "12,34", without looking whether they are there. Leaves with CLI_USAGE on a mistake. */
void targets_parse(struct targets *targets, const char *text, enum target_kind kind);

/* Is any of them a thread? */
bool targets_have_threads(const struct targets *targets);

/* Has the thread that @target names ended? */
bool target_thread_is_gone(const struct target *target);

/* Add a cgroup; @name stays the caller's. */
void targets_add_group(struct targets *targets, const char *name, bool container);

/* Get hold of all processes named. Prints what is wrong and returns an exit code. */
int targets_open(struct targets *targets);

/* Start the command, if there is one, and hold it at its first instruction. Prints what is wrong and returns an exit code. */
int targets_start(struct targets *targets);

/* Make all of them members, then let the command go. Prints what is wrong and returns an exit code. */
int targets_join(struct targets *targets, struct kview *view);

/* End all memberships, of those that still have one. */
void targets_leave(const struct targets *targets, struct kview *view);

void targets_deinit(struct targets *targets);

/*
 * targets_report.c: {argv, pid, and one of exit, signal, running}, for a command; the process ids that were named. NULL:
 * out of memory.
 */
json_t *targets_describe_command(const struct targets *targets);
json_t *targets_describe_processes(const struct targets *targets);

/* Say on standard error how the command has ended, unless it has succeeded. */
void targets_tell_command(const struct targets *targets);

#endif /* KVIEW_CLI_TARGETS_H */
