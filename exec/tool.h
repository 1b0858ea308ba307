/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tool: a process that runs under the filter, and our end of it. */
#ifndef KVIEW_EXEC_TOOL_H
#define KVIEW_EXEC_TOOL_H

#include <stdbool.h>
#include <sys/types.h>

struct tool {
	pid_t pid;
	int pidfd;    /* readable when it has exited */
	int listener; /* of the seccomp filter */
	bool exited;
	int status; /* as wait(2) gives it, once @exited */
};

#define TOOL_NONE { .pidfd = -1, .listener = -1 }

/*
 * Start @argv, searched in PATH, under the filter, and return when its program has replaced ours. It gets SIGTERM when
 * we die. The negative errno of execve(2) when it cannot be executed, with @pid set. In a dry run it loses CAP_NET_ADMIN,
 * without which it can load programs, but not attach them by netlink, where we do not see it.
 */
int tool_start(struct tool *tool, char **argv, bool dry_run);

/* Take the status of the tool that has exited. */
void tool_reap(struct tool *tool);

/* Kill it if it still runs, and give its descriptors back. */
void tool_deinit(struct tool *tool);

#endif /* KVIEW_EXEC_TOOL_H */
