/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes a command traces: those named by --pid and --tree, those of cgroups, or a command of its own. */
#ifndef KVIEW_CLI_TARGETS_H
#define KVIEW_CLI_TARGETS_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#include <kview/kview.h>

#include "child.h"

struct target {
	pid_t pid;
	int pidfd;
	bool tree; /* with all its descendants */
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

/* Add the processes in @text, "12" or "12,34", without looking whether they are there. Leaves with CLI_USAGE on a mistake. */
void targets_parse(struct targets *targets, const char *text, bool tree);

/* Add a cgroup; @name stays the caller's. */
void targets_add_group(struct targets *targets, const char *name, bool container);

/* Can there be members whom nobody named? */
bool targets_grow(const struct targets *targets, const struct kview *view);

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
