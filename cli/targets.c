// SPDX-License-Identifier: GPL-2.0-or-later
#include "targets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "cli.h"
#include "util/cleanup.h"

/* The next of @names[@count] targets is @pid. */
static void add_target(struct targets *targets, pid_t pid, bool tree)
{
	struct target *list = reallocarray(targets->list, targets->count + 1, sizeof(*list));
	size_t i;

	if (!list)
		exit(cli_fail(-ENOMEM, NULL, "%s", targets->command));
	targets->list = list;
	for (i = 0; i < targets->count; i++)
		if (list[i].pid == pid) {
			list[i].tree |= tree;
			return;
		}
	list[targets->count++] = (struct target){.pid = pid, .pidfd = -1, .tree = tree};
}

void targets_parse(struct targets *targets, const char *text, bool tree)
{
	const char *option = tree ? "tree" : "pid";
	const char *at = text;
	char *end;
	long pid;

	for (;;) {
		errno = 0;
		pid = strtol(at, &end, 10);
		if (end == at || *at < '0' || *at > '9' || (*end && *end != ','))
			cli_usage("%s: --%s %s: not a process id", targets->command, option, text);
		if (errno || pid < 1 || pid > INT_MAX)
			cli_usage("%s: --%s %s: no process has such an id", targets->command, option, text);
		add_target(targets, pid, tree);
		if (!*end)
			return;
		at = end + 1;
	}
}

void targets_add_group(struct targets *targets, const char *name, bool container)
{
	struct group *groups = reallocarray(targets->groups, targets->group_count + 1, sizeof(*groups));

	if (!groups)
		exit(cli_fail(-ENOMEM, NULL, "%s", targets->command));
	targets->groups = groups;
	groups[targets->group_count++] = (struct group){.name = name, .container = container};
}

/* The children of a command are followed unless somebody said no, or it cannot be done. */
static bool follows_command(const struct targets *targets, const struct kview *view)
{
	return targets->follow == FOLLOW_YES ||
	       (targets->follow == FOLLOW_DEFAULT && kview_mode(view) == KVIEW_MODE_VIEW);
}

bool targets_grow(const struct targets *targets, const struct kview *view)
{
	size_t i;

	if (targets->group_count || targets->follow == FOLLOW_YES)
		return true;
	for (i = 0; i < targets->count; i++)
		if (targets->list[i].tree)
			return true;
	return targets->child.pid && follows_command(targets, view);
}

/* Why there is no pidfd for @pid: the kernel says EINVAL (ENOENT since v6.15) for a thread that is not its process's first. */
static int explain_missing(pid_t pid, int err)
{
	char path[64], line[128];
	pid_t process = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "Tgid: %d", &process) == 1)
			break;
	if (status)
		fclose(status);
	if (process > 0 && process != pid) {
		snprintf(line, sizeof(line), "this is a thread of process %d; name the process", process);
		return cli_fail(-EINVAL, line, "pid %d", pid);
	}
	return cli_fail(err, err == -ESRCH || err == -EINVAL ? "there is no such process" : NULL, "pid %d", pid);
}

int targets_open(struct targets *targets)
{
	struct target *target;
	size_t i;

	for (i = 0; i < targets->count; i++) {
		target = &targets->list[i];
		target->pidfd = pidfd_open(target->pid, 0);
		if (target->pidfd < 0)
			return explain_missing(target->pid, -errno);
	}
	return CLI_OK;
}

int targets_start(struct targets *targets)
{
	int err;

	if (!targets->argv)
		return CLI_OK;
	err = child_start(&targets->child, targets->argv);
	if (!err)
		return CLI_OK;
	cli_fail(err, NULL, "%s: cannot be executed", targets->argv[0]);
	return CLI_NO_COMMAND;
}

/* The library names the descriptor it was given; people have given a pid. */
static const char *without_subject(const char *reason)
{
	const char *colon = strstr(reason, ": ");

	return colon ? colon + 2 : reason;
}

static int join(struct kview *view, pid_t pid, int pidfd, bool follow)
{
	int err;

	err = follow ? kview_follow_pidfd(view, pidfd) : kview_add_pidfd(view, pidfd);
	if (err == -EOPNOTSUPP)
		return cli_refused(err, kview_reason(view), "pid %d", pid);
	return err ? cli_fail(err, without_subject(kview_reason(view)), "pid %d", pid) : CLI_OK;
}

static int join_tree(struct kview *view, pid_t pid)
{
	int err;

	err = kview_follow_tree(view, pid);
	return err ? cli_refused(err, kview_reason(view), "tree %d", pid) : CLI_OK;
}

static int join_target(const struct targets *targets, struct kview *view, const struct target *target)
{
	if (target->tree)
		return join_tree(view, target->pid);
	return join(view, target->pid, target->pidfd, targets->follow == FOLLOW_YES);
}

static int join_group(const struct targets *targets, struct kview *view, const struct group *group)
{
	int err;

	err = group->container ? kview_add_container(view, group->name) : kview_add_cgroup(view, group->name);
	return err ? cli_refused(err, kview_reason(view), "%s", targets->command) : CLI_OK;
}

int targets_join(struct targets *targets, struct kview *view)
{
	int code, err;
	size_t i;

	for (i = 0; i < targets->count; i++) {
		code = join_target(targets, view, &targets->list[i]);
		if (code)
			return code;
	}
	for (i = 0; i < targets->group_count; i++) {
		code = join_group(targets, view, &targets->groups[i]);
		if (code)
			return code;
	}
	if (!targets->child.pid)
		return CLI_OK;
	code = join(view, targets->child.pid, targets->child.pidfd, follows_command(targets, view));
	if (code)
		return code;
	err = child_release(&targets->child);
	return err ? cli_fail(err, NULL, "pid %d: cannot be let go", targets->child.pid) : CLI_OK;
}

void targets_leave(const struct targets *targets, struct kview *view)
{
	size_t i;

	for (i = 0; i < targets->count; i++)
		kview_remove_pid(view, targets->list[i].pid);
	if (targets->child.pid)
		kview_remove_pid(view, targets->child.pid);
}

void targets_deinit(struct targets *targets)
{
	size_t i;

	for (i = 0; i < targets->count; i++)
		closep(&targets->list[i].pidfd);
	free(targets->list);
	free(targets->groups);
	child_deinit(&targets->child);
}
