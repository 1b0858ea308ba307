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

static void add_target(struct targets *targets, pid_t pid, enum target_kind kind)
{
	struct target *list = reallocarray(targets->list, targets->count + 1, sizeof(*list));
	size_t i;

	if (!list)
		exit(cli_fail(-ENOMEM, NULL, "%s", targets->command));
	targets->list = list;
	for (i = 0; i < targets->count; i++)
		if (list[i].pid == pid && (list[i].kind == TARGET_THREAD) == (kind == TARGET_THREAD)) {
			list[i].kind = list[i].kind == TARGET_PROCESS ? kind : list[i].kind;
			return;
		}
	list[targets->count++] = (struct target){.kind = kind, .pid = pid, .process = pid, .pidfd = -1};
}

void targets_parse(struct targets *targets, const char *text, enum target_kind kind)
{
	static const char *const options[] = {
		[TARGET_PROCESS] = "pid",
		[TARGET_TREE] = "tree",
		[TARGET_THREAD] = "tid",
	};
	const char *option = options[kind], *what = kind == TARGET_THREAD ? "thread" : "process";
	const char *at = text;
	char *end;
	long pid;

	for (;;) {
		errno = 0;
		pid = strtol(at, &end, 10);
		if (end == at || *at < '0' || *at > '9' || (*end && *end != ','))
			cli_usage("%s: --%s %s: not a %s id", targets->command, option, text, what);
		if (errno || pid < 1 || pid > INT_MAX)
			cli_usage("%s: --%s %s: no %s has such an id", targets->command, option, text, what);
		add_target(targets, pid, kind);
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

bool targets_have_threads(const struct targets *targets)
{
	size_t i;

	for (i = 0; i < targets->count; i++)
		if (targets->list[i].kind == TARGET_THREAD)
			return true;
	return false;
}

/* Process and state of thread @tid, as /proc has them; 0 where there is none. */
static void read_status(pid_t tid, pid_t *process, char *state)
{
	char path[64], line[128];
	FILE *status;

	*process = 0;
	*state = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	status = fopen(path, "re");
	while (status && !*process && fgets(line, sizeof(line), status)) {
		sscanf(line, "State: %c", state);
		sscanf(line, "Tgid: %d", process);
	}
	if (status)
		fclose(status);
}

/* Why there is no pidfd for @pid: the kernel says EINVAL (ENOENT since v6.15) for a thread that is not its process's first. */
static int explain_missing(pid_t pid, int err)
{
	char line[128], state;
	pid_t process;

	read_status(pid, &process, &state);
	if (process > 0 && process != pid) {
		snprintf(line, sizeof(line), "this is a thread of process %d; name the process, or give --tid", process);
		return cli_fail(-EINVAL, line, "pid %d", pid);
	}
	return cli_fail(err, err == -ESRCH || err == -EINVAL ? "there is no such process" : NULL, "pid %d", pid);
}

static int open_thread(struct target *target)
{
	char state;

	read_status(target->pid, &target->process, &state);
	target->pidfd = target->process ? pidfd_open(target->process, 0) : -1;
	return target->pidfd < 0 ? cli_fail(-ESRCH, "there is no such thread", "thread %d", target->pid) : CLI_OK;
}

static int open_target(struct target *target)
{
	if (target->kind == TARGET_THREAD)
		return open_thread(target);
	target->pidfd = pidfd_open(target->pid, 0);
	return target->pidfd < 0 ? explain_missing(target->pid, -errno) : CLI_OK;
}

int targets_open(struct targets *targets)
{
	size_t i;
	int code;

	for (i = 0; i < targets->count; i++) {
		code = open_target(&targets->list[i]);
		if (code)
			return code;
	}
	return CLI_OK;
}

bool target_thread_is_gone(const struct target *target)
{
	pid_t process;
	char state;

	read_status(target->pid, &process, &state);
	return !process || state == 'Z' || state == 'X';
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

static int join_thread(struct kview *view, pid_t tid)
{
	int err = kview_add_tid(view, tid);

	return err ? cli_refused(err, kview_reason(view), "thread %d", tid) : CLI_OK;
}

static int join_target(const struct targets *targets, struct kview *view, const struct target *target)
{
	if (target->kind == TARGET_TREE)
		return join_tree(view, target->pid);
	if (target->kind == TARGET_THREAD)
		return join_thread(view, target->pid);
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

	for (i = 0; i < targets->count; i++) {
		if (targets->list[i].kind == TARGET_THREAD)
			kview_remove_tid(view, targets->list[i].pid);
		else
			kview_remove_pid(view, targets->list[i].pid);
	}
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
