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
static void add_target(struct targets *targets, pid_t pid)
{
	struct target *list = reallocarray(targets->list, targets->count + 1, sizeof(*list));
	size_t i;

	if (!list)
		exit(cli_fail(-ENOMEM, NULL, "run"));
	targets->list = list;
	for (i = 0; i < targets->count; i++)
		if (list[i].pid == pid)
			return;
	list[targets->count++] = (struct target){.pid = pid, .pidfd = -1};
}

void targets_parse(struct targets *targets, const char *text)
{
	const char *at = text;
	char *end;
	long pid;

	for (;;) {
		errno = 0;
		pid = strtol(at, &end, 10);
		if (end == at || *at < '0' || *at > '9' || (*end && *end != ','))
			cli_usage("run: --pid %s: not a process id", text);
		if (errno || pid < 1 || pid > INT_MAX)
			cli_usage("run: --pid %s: no process has such an id", text);
		add_target(targets, pid);
		if (!*end)
			return;
		at = end + 1;
	}
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

int targets_start(struct targets *targets, char **argv)
{
	int err;

	err = child_start(&targets->child, argv);
	if (!err)
		return CLI_OK;
	cli_fail(err, NULL, "%s: cannot be executed", argv[0]);
	return CLI_NO_COMMAND;
}

/* The library names the descriptor it was given; people have given a pid. */
static const char *without_subject(const char *reason)
{
	const char *colon = strstr(reason, ": ");

	return colon ? colon + 2 : reason;
}

static int join(struct kview *view, pid_t pid, int pidfd)
{
	int err;

	err = kview_add_pidfd(view, pidfd);
	return err ? cli_fail(err, without_subject(kview_reason(view)), "pid %d", pid) : CLI_OK;
}

int targets_join(struct targets *targets, struct kview *view)
{
	int code, err;
	size_t i;

	for (i = 0; i < targets->count; i++) {
		code = join(view, targets->list[i].pid, targets->list[i].pidfd);
		if (code)
			return code;
	}
	if (!targets->child.pid)
		return CLI_OK;
	code = join(view, targets->child.pid, targets->child.pidfd);
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
	child_deinit(&targets->child);
}
