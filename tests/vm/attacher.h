/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaches at random: all kinds of hooks, to functions that are called all the time. */
#ifndef TESTS_VM_ATTACHER_H
#define TESTS_VM_ATTACHER_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

/* What nobody else patches, only its neighbours; and what the patchers of patchers.h rewrite again and again. */
#define LONE_FUNCTION "__x64_sys_getppid"
#define PATCHED_FUNCTION "__x64_sys_getpgid"

/* Load the programs and learn the functions; once, before the others. */
void attacher_init(void);

/* A view; negative for want of memory, where that is expected. */
int attacher_view(void);

/* A link of some kind on up to four hooks; negative when chance had it attach the same twice. */
int attacher_link(int view);

/* The same of one kind, which this kernel must have. */
int attacher_link_of(int view, __u32 kind);

/* Start the links of @view that are held, as some are made to be. */
void attacher_start(int view);

/* One program at the entry of @function. */
int attacher_entry(int view, int prog, const char *function);

/*
 * Make @pid a member, or no member any more. It may have ended (and may be any number that is not positive), or be
 * already what it shall be.
 */
void attacher_join(int view, pid_t pid);
void attacher_leave(int view, pid_t pid);

/* The same with some thread of @pid alone. */
void attacher_join_thread(int view, pid_t pid);
void attacher_leave_thread(int view, pid_t pid);

/* Make all of a cgroup members, by a descriptor of its directory. */
void attacher_join_cgroup(int view, int fd);

/* While allocations may fail it is no failure of these functions' that something cannot be made for want of memory. */
void attacher_expect_no_memory(bool expect);

#endif
