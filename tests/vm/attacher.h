/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaches at random: all kinds of hooks, to functions that are called all the time. */
#ifndef TESTS_VM_ATTACHER_H
#define TESTS_VM_ATTACHER_H

#include <sys/types.h>

/* What nobody else patches, only its neighbours; and what the patchers of patchers.h rewrite again and again. */
#define LONE_FUNCTION "__x64_sys_getppid"
#define PATCHED_FUNCTION "__x64_sys_getpgid"

/* Load the programs and learn the functions; once, before the others. */
void attacher_init(void);

/* A link of some kind on up to four hooks; negative when chance had it attach the same twice. */
int attacher_link(int view);

/* Make @pid a member. It may have ended (and may be any number that is not positive), or be one already. */
void attacher_join(int view, pid_t pid);

/*
 * Allocations may fail, so that it is no failure any more when a view, a link or a member cannot be made for want of
 * memory: then, too, the result is negative.
 */
void attacher_expect_no_memory(void);

#endif
