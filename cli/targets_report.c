// SPDX-License-Identifier: GPL-2.0-or-later
/* What there is to tell of targets once they have been traced. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "cli.h"
#include "targets.h"

json_t *targets_describe_command(const struct targets *targets)
{
	const struct child *child = &targets->child;
	json_t *argv = json_array();
	char **arg;

	for (arg = targets->argv; *arg; arg++)
		if (json_array_append_new(argv, json_string(*arg) ?: json_null()))
			break;
	if (child->exited && WIFEXITED(child->status))
		return json_pack("{s:o, s:i, s:i}", "argv", argv, "pid", child->pid, "exit", WEXITSTATUS(child->status));
	if (child->exited)
		return json_pack("{s:o, s:i, s:s}", "argv", argv, "pid", child->pid, "signal",
				 sigabbrev_np(WTERMSIG(child->status)) ?: "?");
	return json_pack("{s:o, s:i, s:b}", "argv", argv, "pid", child->pid, "running", true);
}

json_t *targets_describe_processes(const struct targets *targets)
{
	json_t *pids = json_array();
	size_t i;

	for (i = 0; i < targets->count; i++)
		json_array_append_new(pids, json_integer(targets->list[i].process));
	if (targets->child.pid)
		json_array_append_new(pids, json_integer(targets->child.pid));
	return pids;
}

void targets_tell_command(const struct targets *targets)
{
	const struct child *child = &targets->child;
	const char *name;

	if (!targets->argv)
		return;
	name = targets->argv[0];
	if (!child->exited)
		cli_note("%s (process %d) is still running, untraced", name, child->pid);
	else if (WIFSIGNALED(child->status))
		cli_note("%s was killed by SIG%s", name, sigabbrev_np(WTERMSIG(child->status)) ?: "?");
	else if (WEXITSTATUS(child->status))
		cli_note("%s exited with status %d", name, WEXITSTATUS(child->status));
}
