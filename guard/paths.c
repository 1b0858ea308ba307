// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/paths.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>

void guard_paths_init(struct guard_list *paths)
{
	guard_list_init(paths, sizeof(char *));
}

void guard_paths_deinit(struct guard_list *paths)
{
	char **entry;

	guard_list_each(paths, entry)
		free(*entry);
	guard_list_deinit(paths);
}

static int add_path(struct guard_list *paths, const char *path)
{
	char **entry = guard_list_add(paths);

	if (!entry)
		return -ENOMEM;
	*entry = strdup(path);
	return *entry ? 0 : -ENOMEM;
}

/* nftw(3) has no argument for it. */
static _Thread_local struct guard_list *walked;

static int walk_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
	const char *name = path + at->base;

	(void)status;
	if (type == FTW_DNR || type == FTW_NS)
		return -EACCES;
	return type == FTW_F && (name[0] != '.' || !at->level) ? add_path(walked, path) : 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

int guard_paths_find(const char *path, struct guard_list *paths)
{
	struct stat status;
	int err;

	if (stat(path, &status))
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return add_path(paths, path);
	walked = paths;
	err = nftw(path, walk_entry, 16, FTW_PHYS);
	if (err)
		return err < -1 ? err : -errno;
	qsort(paths->items, paths->count, sizeof(char *), compare_paths);
	return paths->count ? 0 : -ENOENT;
}
