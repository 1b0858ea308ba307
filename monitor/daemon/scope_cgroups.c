// SPDX-License-Identifier: GPL-2.0-or-later
#include "scope_internal.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <linux/types.h>
#include <string.h>
#include <sys/stat.h>

#include <kview/kview.h>

#include "monitor/probes/scope_record.h"
#include "note.h"

static bool is_known(const struct monitor_scope *scope, uint64_t id)
{
	for (size_t i = 0; i < scope->cgroup_count; i++)
		if (scope->cgroups[i].id == id)
			return true;
	return false;
}

static bool is_found(const struct monitor_scope *scope, uint32_t target, size_t selector)
{
	for (size_t i = 0; i < scope->cgroup_count; i++)
		if (scope->cgroups[i].target == target && scope->cgroups[i].selector == selector)
			return true;
	return false;
}

/* The walk over what is below, for nftw(), which gives no argument. */
static struct {
	struct monitor_scope *scope;
	uint32_t target;
} walk;

static int add_directory(const char *path, const struct stat *stat, int type)
{
	__u64 id = stat->st_ino;

	(void)path;
	/* Of two targets that one lies in, the one below was there first or comes later: the first one named has it. */
	if (type == FTW_D &&
	    bpf_map__update_elem(monitor_scope_cgroups(walk.scope), &id, sizeof(id), &walk.target,
				 sizeof(walk.target), BPF_NOEXIST) == -E2BIG)
		monitor_note("no room for more than %d cgroups", SCOPE_CGROUPS);
	return 0;
}

static void join_view_as_cgroup(struct monitor_scope *scope, const struct known_cgroup *cgroup)
{
	int err = scope->view ? kview_add_cgroup(scope->view, cgroup->path) : 0;

	if (err && err != -EEXIST)
		monitor_note("%s", kview_reason(scope->view));
}

static int path_of(int fd, char **ret_path)
{
	char link[64], path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return -errno;
	path[len] = '\0';
	*ret_path = strdup(path);
	return *ret_path ? 0 : -ENOMEM;
}

static int keep_cgroup(struct monitor_scope *scope, uint32_t target, size_t selector, int fd)
{
	struct known_cgroup *cgroups, cgroup = { .target = target, .selector = selector };
	struct stat stat;
	int err;

	if (fstat(fd, &stat))
		return -errno;
	cgroup.id = stat.st_ino;
	if (is_known(scope, cgroup.id))
		return 0;
	err = path_of(fd, &cgroup.path);
	cgroups = reallocarray(scope->cgroups, scope->cgroup_count + 1, sizeof(*cgroups));
	if (cgroups)
		scope->cgroups = cgroups;
	if (err || !cgroups) {
		free(cgroup.path);
		return -ENOMEM;
	}
	cgroups[scope->cgroup_count++] = cgroup;
	walk.scope = scope;
	walk.target = target;
	ftw(cgroup.path, add_directory, 16);
	scope->generation++;
	join_view_as_cgroup(scope, &cgroup);
	return 0;
}

static void consider_cgroup(struct monitor_scope *scope, const struct monitor_target *target, size_t i)
{
	const struct monitor_selector *selector = &target->selectors[i];
	uint32_t number = monitor_scope_number(scope, target->name);
	_cleanup_(closep) int fd = -1;
	int err = -EINVAL;

	/* To ask for a container may take a program of its runtime, and cgroups come all the time. */
	if (is_found(scope, number, i))
		return;
	if (selector->by == MONITOR_BY_CGROUP)
		err = kview_find_cgroup(selector->text, &fd);
	else if (selector->by == MONITOR_BY_CONTAINER)
		err = kview_find_container(selector->text, &fd);
	/* What is not there may come. */
	if (!err && keep_cgroup(scope, number, i, fd))
		monitor_note("%s: %s", selector->text, strerror(ENOMEM));
}

/* There may be another one in its place by now. */
static bool is_there(const struct known_cgroup *cgroup)
{
	struct stat stat_path;

	return !stat(cgroup->path, &stat_path) && stat_path.st_ino == cgroup->id;
}

static void remove_cgroup(struct monitor_scope *scope, size_t i)
{
	if (scope->view)
		kview_remove_cgroup(scope->view, scope->cgroups[i].path);
	free(scope->cgroups[i].path);
	scope->cgroups[i] = scope->cgroups[--scope->cgroup_count];
}

void monitor_scope_find_cgroups(struct monitor_scope *scope)
{
	for (size_t i = 0; i < scope->cgroup_count;)
		if (is_there(&scope->cgroups[i]))
			i++;
		else
			remove_cgroup(scope, i);
	for (size_t i = 0; i < scope->config->target_count; i++) {
		const struct monitor_target *target = &scope->config->targets[i];

		for (size_t j = 0; j < target->selector_count; j++)
			consider_cgroup(scope, target, j);
	}
}

void monitor_scope_release_cgroups(struct monitor_scope *scope, uint32_t target)
{
	for (size_t i = 0; i < scope->cgroup_count;)
		if (scope->cgroups[i].target == target)
			remove_cgroup(scope, i);
		else
			i++;
}

void monitor_scope_forget_cgroups(struct monitor_scope *scope)
{
	for (size_t i = 0; i < scope->cgroup_count; i++)
		free(scope->cgroups[i].path);
	free(scope->cgroups);
}
