/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files a path means: it, or what lies below it. */
#ifndef GUARD_PATHS_H
#define GUARD_PATHS_H

#include "guard/list.h"

/* A list of char *, which are its own. */
void guard_paths_init(struct guard_list *paths);
void guard_paths_deinit(struct guard_list *paths);

/*
 * Into @paths, which has none: the file @path, or all below the folder @path but for hidden ones, in the order of their
 * names. -ENOENT: there are none. After a failure it may have some.
 */
int guard_paths_find(const char *path, struct guard_list *paths);

#endif /* GUARD_PATHS_H */
