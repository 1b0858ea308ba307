// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "cli.h"
#include "exec/exec.h"
#include "exec_report.h"
#include "options.h"
#include "scope.h"
#include "targets.h"

enum exec_key {
	KEY_INTERRUPTS = CLI_KEY_FIRST,
	KEY_DRY_RUN,
};

static const struct argp_option options[] = {
	{ "pid", 'p', "PID", 0, "Trace this process; PID,PID... or again for more", 1 },
	{ "tree", 'T', "PID", 0, "Trace this process and all its descendants; PID,PID... or again for more", 1 },
	{ "cgroup", 'c', "PATH", 0,
	  "Trace all processes in this cgroup (v2) and below; a path or a unit; again for more", 1 },
	{ "container", 'C', "NAME", 0, "Trace all processes of this container, by name or id; again for more", 1 },
	{ "follow", 'F', NULL, 0, "Trace what the processes of --pid fork, too", 1 },
	{ "interrupts", KEY_INTERRUPTS, NULL, 0,
	  "Programs on function entries and tracepoints run in interrupts that come upon the traced, too", 2 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0, "Run the tool, trace nothing, and list what it would have attached where", 2 },
	{},
};

struct input {
	struct cli_options shared; /* first: see cli_parse() */
	struct targets targets;
	char **tool;
	bool interrupts;
	bool dry_run;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct input *input = state->input;

	switch (key) {
	case 'p':
	case 'T':
		targets_parse(&input->targets, arg, key == 'T');
		return 0;
	case 'c':
	case 'C':
		targets_add_group(&input->targets, arg, key == 'C');
		return 0;
	case 'F':
		input->targets.follow = FOLLOW_YES;
		return 0;
	case KEY_INTERRUPTS:
		input->interrupts = true;
		return 0;
	case KEY_DRY_RUN:
		input->dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_usage("exec: %s: the tool comes after --", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What follows the first "--" is the tool's. */
static char **split_tool(int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		*argc = i;
		argv[i] = NULL;
		return argv + i + 1;
	}
	return NULL;
}

static void check(const struct input *input)
{
	if (!input->tool || !input->tool[0])
		cli_usage("exec: no tool given; write it after --");
	if (!input->targets.count && !input->targets.group_count)
		cli_usage("exec: nothing to trace; give --pid PID, --tree PID, --cgroup PATH or --container NAME");
	if (input->shared.json && !input->dry_run)
		cli_usage("exec: --format: what is printed is the tool's; with --dry-run alone");
}

static int open_view(const struct input *input, struct kview **ret_view)
{
	const char *slash = strrchr(input->tool[0], '/');
	char name[32]; /* as long as views' names can be */
	struct kview_open_opts opts = {
		.sz = sizeof(opts),
		.name = name,
		.mode = KVIEW_MODE_VIEW,
	};
	int err;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : input->tool[0]);
	err = kview_open(&opts, ret_view);
	return err ? cli_refused(err, kview_reason(NULL), "exec") : CLI_OK;
}

static void note(void *data, const char *line)
{
	(void)data;
	cli_note("%s", line);
}

/* As shells do. */
static int exit_code(const struct exec_result *result)
{
	return WIFSIGNALED(result->status) ? 128 + WTERMSIG(result->status) : WEXITSTATUS(result->status);
}

static int run_tool(const struct input *input, struct kview *view, struct kview *members, struct exec_report *report)
{
	const struct exec_options exec = {
		.view = view,
		.members = members,
		.dry_run = input->dry_run,
		.argv = input->tool,
		.interrupts = input->interrupts,
		.note = note,
		.record = exec_report_add,
		.data = report,
	};
	struct exec_result result;
	int err;

	err = exec_run(&exec, &result);
	if (!err)
		return exit_code(&result);
	if (result.started)
		return cli_fail(err, NULL, "%s: cannot be watched any longer", input->tool[0]);
	if (err == -EPERM)
		return cli_fail(err, "its system calls may not be watched; see seccomp(2) and ptrace(2)", "%s",
				input->tool[0]);
	cli_fail(err, NULL, "%s: cannot be executed", input->tool[0]);
	return CLI_NO_COMMAND;
}

static int exec(struct input *input)
{
	_cleanup_(exec_report_deinit) struct exec_report report = {};
	struct targets *targets = &input->targets;
	_cleanup_(kview_closep) struct kview *view = NULL;
	_cleanup_(kview_closep) struct kview *unhooked = NULL;
	int code;

	code = targets_open(targets) ?: open_view(input, &view);
	/* The view has no members then: whatever is attached there is checked, and never runs. */
	if (!code && input->dry_run)
		code = open_view(input, &unhooked);
	if (!code)
		code = targets_join(targets, unhooked ?: view);
	if (code)
		return code;
	code = run_tool(input, view, unhooked ?: view, &report);
	if (input->dry_run)
		exec_report_print(&report, input->shared.json);
	return code;
}

static int cmd_exec(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "--pid PID -- TOOL [ARG...]\n--tree PID -- TOOL [ARG...]\n"
			    "--cgroup PATH -- TOOL [ARG...]\n--container NAME -- TOOL [ARG...]",
		.doc = "Run a tracing tool as it is, for one application: what it attaches to functions, tracepoints "
		       "and system calls of the kernel is attached in a view that only the given processes have. What "
		       "cannot be is refused, or attached as the tool asks, with a line that says so. The exit status "
		       "is the tool's.",
	};
	struct input input = { .targets.command = argv[0] };
	int code;

	input.tool = split_tool(&argc, argv);
	cli_parse(&argp, argc, argv, &input);
	check(&input);
	code = exec(&input);
	targets_deinit(&input.targets);
	return code;
}

const struct cli_command cli_cmd_exec = { "exec", "run a tracing tool for one application alone", cmd_exec };
