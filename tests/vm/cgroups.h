/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups of the tests, below /sys/fs/cgroup; test_undo removes what a case left. */
#ifndef TESTS_VM_CGROUPS_H
#define TESTS_VM_CGROUPS_H

#include <sys/types.h>

/* Make a directory ("a", then "a/b"), unless it is there, and return a descriptor of it. */
int cgroup_new(const char *path);

/* Remove it; 0 or a negative errno. */
int cgroup_remove(const char *path);

/* Move a process; "" is the root. */
void cgroup_move(const char *path, pid_t pid);
int cgroup_try_write(const char *path, const char *file, const char *text);

/* Kill all that is left in the tests' cgroups, and remove them. */
void cgroup_undo(void);

#endif
