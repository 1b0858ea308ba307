/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A storm: processes that call, fork, exec, start threads and end, at random and all at once; to be members, or the
 * outsiders next to them. And the chance that drives it.
 */
#ifndef TESTS_VM_STORM_H
#define TESTS_VM_STORM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Each thread draws numbers of its own, the same after the same seed. */
void chance_seed(uint64_t seed);
uint64_t draw(void);
unsigned int below(unsigned int limit);
bool once_in(unsigned int times);

/* The first thing in main(): the storm's processes exec the program they come from. */
void storm_main(int argc, char **argv);

/* Before the first process: the caller becomes the parent of whatever loses its own. */
void storm_begin(void);

/* One more, which ends when it has had enough; or a negative number. */
pid_t storm_process(void);

/* The id of some thread of @pid; @pid itself when it has ended. */
pid_t storm_thread(pid_t pid);

/* Kill them all, with all they have started, and wait for their ends. */
void storm_end(void);

/* What each of them does most: system calls, getppid() among them. */
void storm_calls(void);

#endif
