/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forkers: processes that fork, exec and reap without pause, and count the calls their children make. Each child makes
 * FORKER_CALLS of getppid() itself, some have a child of their own, some exec a program that makes as many.
 */
#ifndef TESTS_VM_FORKERS_H
#define TESTS_VM_FORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FORKER_CALLS 20

/* What is unfinished at any time: the calls of one child, its own child and the programs both become. */
#define FORKER_CALLS_AT_ONCE (4 * FORKER_CALLS)

#define FORKERS 3 /* in a group */

struct forkers {
	volatile bool stop;
	volatile uint64_t calls; /* by children that have ended */
	pid_t pids[FORKERS];
};

/* None yet; in memory that is shared with all that is forked later. */
struct forkers *forkers_new(void);

/* A group, or one that is not of the group. They die with their maker. */
void forkers_start(struct forkers *forkers);
pid_t forkers_start_one(struct forkers *forkers);

/* The group has ended: @calls is the number they have made in all. */
void forkers_stop(struct forkers *forkers);

/* FORKER_CALLS of getppid() by the caller. */
void forker_call(void);

/* Become a program that makes FORKER_CALLS, and ends. */
_Noreturn void forker_exec(void);

/* A fork, and the end of a child; where it fails, or the child did, the caller exits with another status than 0. */
pid_t forker_fork(void);
void forker_reap(pid_t pid);

#endif
