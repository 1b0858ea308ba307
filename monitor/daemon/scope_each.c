// SPDX-License-Identifier: GPL-2.0-or-later
#include "scope_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <linux/types.h>
#include <sys/stat.h>

#include "process.h"

static bool is_link(const struct monitor_selector *selector)
{
	return selector->by == MONITOR_BY_NETWORK || selector->by == MONITOR_BY_INTERFACE;
}

int monitor_scope_each_link(const struct monitor_scope *scope, monitor_selector_fn fn, void *data)
{
	const struct monitor_config *config = scope->config;
	int err = 0;

	for (size_t i = 0; i < config->target_count; i++) {
		const struct monitor_target *target = &config->targets[i];
		uint32_t number = monitor_scope_number(scope, target->name);

		for (size_t j = 0; monitor_scope_holds(scope, number) && !err && j < target->selector_count; j++)
			if (is_link(&target->selectors[j]))
				err = fn(&target->selectors[j], number, data);
	}
	return err;
}

struct visitor {
	const struct monitor_scope *scope;
	monitor_process_fn process;
	monitor_cgroup_fn cgroup;
	void *data;
	uint32_t target;
	char mount[PATH_MAX];
};

static int visit_tasks(struct visitor *visitor)
{
	struct bpf_map *map = monitor_scope_tasks(visitor->scope);
	__u32 key, *last = NULL, target;
	int err = 0;

	for (; !err && !bpf_map__get_next_key(map, last, &key, sizeof(key)); last = &key)
		if (!bpf_map__lookup_elem(map, &key, sizeof(key), &target, sizeof(target), 0))
			err = visitor->process(key, target, visitor->data);
	return err;
}

/* One that is there as a process is another target's, perhaps. */
static int visit_member(pid_t pid, void *data)
{
	struct visitor *visitor = data;
	__u32 key = pid, target;

	if (!bpf_map__lookup_elem(monitor_scope_tasks(visitor->scope), &key, sizeof(key), &target, sizeof(target), 0))
		return 0;
	return visitor->process(pid, visitor->target, visitor->data);
}

static struct visitor *visiting; /* for ftw() */

static int visit_directory(const char *path, const struct stat *stat, int type)
{
	_cleanup_(freep) char *file = NULL;
	__u64 id = stat->st_ino;

	if (type != FTW_D || bpf_map__lookup_elem(monitor_scope_cgroups(visiting->scope), &id, sizeof(id),
						  &visiting->target, sizeof(visiting->target), 0))
		return 0;
	if (asprintf(&file, "%s/cgroup.procs", path) < 0) {
		file = NULL;
		return -ENOMEM;
	}
	return process_each_in(file, visit_member, visiting);
}

int monitor_scope_each_process(const struct monitor_scope *scope, monitor_process_fn fn, void *data)
{
	struct visitor visitor = { .scope = scope, .process = fn, .data = data };
	int err = visit_tasks(&visitor);

	visiting = &visitor;
	for (size_t i = 0; !err && i < scope->cgroup_count; i++) {
		err = ftw(scope->cgroups[i].path, visit_directory, 16);
		/* One that has just gone. */
		err = err < 0 && errno == ENOENT ? 0 : err;
	}
	visiting = NULL;
	return err;
}

static int visit_cgroup_of(pid_t pid, uint32_t target, void *data)
{
	struct visitor *visitor = data;
	char below[PATH_MAX], path[2 * PATH_MAX];
	struct stat stat_path;

	(void)target;
	if (process_cgroup(pid, below, sizeof(below)))
		return 0;
	snprintf(path, sizeof(path), "%s%s", visitor->mount, below);
	return stat(path, &stat_path) ? 0 : visitor->cgroup(path, stat_path.st_ino, visitor->data);
}

static int visit_root(const struct monitor_selector *selector, uint32_t target, void *data)
{
	struct visitor *visitor = data;
	struct stat root;

	(void)selector;
	(void)target;
	return stat(visitor->mount, &root) ? -errno : visitor->cgroup(visitor->mount, root.st_ino, visitor->data);
}

int monitor_scope_each_cgroup(const struct monitor_scope *scope, monitor_cgroup_fn fn, void *data)
{
	struct visitor visitor = { .scope = scope, .cgroup = fn, .data = data };
	struct visitor tasks = { .scope = scope, .process = visit_cgroup_of, .data = &visitor };
	int err;

	err = cgroup_mount(visitor.mount, sizeof(visitor.mount));
	err = err ?: monitor_scope_each_link(scope, visit_root, &visitor);
	for (size_t i = 0; !err && i < scope->cgroup_count; i++)
		err = fn(scope->cgroups[i].path, scope->cgroups[i].id, data);
	return err ?: visit_tasks(&tasks);
}
