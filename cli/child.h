/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command started by kview, held at the first instruction of its program until it is being traced. */
#ifndef KVIEW_CLI_CHILD_H
#define KVIEW_CLI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: there is none */
	int pidfd;
	bool released;
	bool exited;
	int status; /* as wait(2) gives it, once @exited */
};

/*
 * Start @argv, searched in PATH, up to the point where its program has replaced ours and has run no instruction. It is
 * killed if we die before child_release(). The negative errno of execve(2) when it cannot be executed.
 */
int child_start(struct child *child, char **argv);

/* Let it run, untraced by ptrace from here on. */
int child_release(struct child *child);

/* It has exited: take its status. */
void child_reap(struct child *child);

/* Kill it if it was never released; give its descriptors back. */
void child_deinit(struct child *child);

#endif /* KVIEW_CLI_CHILD_H */
