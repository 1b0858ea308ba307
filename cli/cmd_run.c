// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "log.h"
#include "run.h"

enum run_key {
	KEY_DURATION = CLI_KEY_FIRST,
	KEY_MODE,
	KEY_INTERRUPTS,
};

static const struct argp_option options[] = {
	{ "pid", 'p', "PID", 0, "Trace this process; PID,PID... or again for more", 1 },
	{ "tree", 'T', "PID", 0, "Trace this process and all its descendants; PID,PID... or again for more", 1 },
	{ "cgroup", 'c', "PATH", 0, "Trace all processes in this cgroup (v2) and below; a path or a unit; again for more", 1 },
	{ "container", 'C', "NAME", 0, "Trace all processes of this container, by name or id; again for more", 1 },
	{ "follow", 'F', NULL, 0, "Trace what the processes of --pid fork, too", 1 },
	{ "no-follow", 'n', NULL, 0, "Do not trace what the command forks", 1 },
	{ "duration", 'd', "SECONDS", 0, "End after this time; a command gets SIGTERM", 2 },
	{ "mode", 'm', "MODE", 0,
	  "view: needs the module, only the traced pay; ordinary: everybody pays; auto (default): view if it can be",
	  3 },
	{ "interrupts", KEY_INTERRUPTS, NULL, 0,
	  "Programs on function entries run in interrupts that come upon the traced, too", 3 },
	{ "output", 'o', "FILE", 0, "Write records and results to FILE", 4 },
	{ "all", 'a', NULL, 0, "Print constants, configuration and buffers, too", 5 },
	{ "verbose", 'v', NULL, 0, "Print what each hook has seen, and libbpf's messages; -vv: all messages", 6 },
	{},
};

/* What parse_option() fills. */
struct input {
	struct run_options options; /* first: see cli_parse() */
	struct targets targets;
};

static double parse_duration(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds))
		cli_usage("run: --duration %s: not a number of seconds", text);
	if (seconds < 0.001 || seconds > 1e9)
		cli_usage("run: --duration %s: must lie between 0.001 and 1000000000", text);
	return seconds;
}

static enum kview_mode parse_mode(const char *word)
{
	if (!strcmp(word, "auto"))
		return KVIEW_MODE_AUTO;
	if (!strcmp(word, "view"))
		return KVIEW_MODE_VIEW;
	if (!strcmp(word, "ordinary"))
		return KVIEW_MODE_ORDINARY;
	cli_usage("run: --mode %s: not a mode; auto, view or ordinary", word);
}

static void take_object(struct run_options *run, const char *arg)
{
	if (run->object)
		cli_usage("run: %s: only one object can be run; a command comes after --", arg);
	run->object = arg;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct input *input = state->input;

	switch (key) {
	case 'p':
		targets_parse(&input->targets, arg, false);
		return 0;
	case 'T':
		targets_parse(&input->targets, arg, true);
		return 0;
	case 'c':
	case 'C':
		targets_add_group(&input->targets, arg, key == 'C');
		return 0;
	case 'F':
	case 'n':
		input->targets.follow = key == 'F' ? FOLLOW_YES : FOLLOW_NO;
		return 0;
	case KEY_DURATION:
	case 'd':
		input->options.duration = parse_duration(arg);
		return 0;
	case KEY_MODE:
	case 'm':
		input->options.mode = parse_mode(arg);
		return 0;
	case KEY_INTERRUPTS:
		input->options.interrupts = true;
		return 0;
	case 'o':
		input->options.output = arg;
		return 0;
	case 'a':
		input->options.all = true;
		return 0;
	case 'v':
		input->options.verbosity++;
		return 0;
	case ARGP_KEY_ARG:
		take_object(&input->options, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check(const struct input *input)
{
	if (!input->options.object)
		cli_usage("run: no BPF object given; see kview run --help");
	if (input->options.command && !input->options.command[0])
		cli_usage("run: no command after --");
	if (input->options.command && (input->targets.count || input->targets.group_count))
		cli_usage("run: both processes and a command given; one of them");
	if (!input->options.command && !input->targets.count && !input->targets.group_count)
		cli_usage("run: nothing to trace; give --pid PID, --tree PID, --cgroup PATH, --container NAME or -- COMMAND");
	if (input->targets.follow == FOLLOW_NO && input->targets.group_count)
		cli_usage("run: --no-follow: what processes of a cgroup fork is in that cgroup, too");
}

/* Cut @argv at the first "--": what follows is a command and none of our business. */
static char **split_command(int *argc, char **argv)
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

static int cmd_run(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "OBJECT.bpf.o --pid PID\nOBJECT.bpf.o --cgroup PATH\nOBJECT.bpf.o -- COMMAND [ARG...]",
		.doc = "Load an object of BPF programs, attach all of them in a view of the kernel that only the given "
		       "processes have, and print its maps at the end: when all of them have exited, on Ctrl-C, or when "
		       "the time is over.",
	};
	struct input input = {};

	input.options.command = split_command(&argc, argv);
	cli_parse(&argp, argc, argv, &input);
	check(&input);
	log_set_verbosity(input.options.verbosity);
	return run(&input.options, &input.targets);
}

const struct cli_command cli_cmd_run = { "run", "trace processes or a command with the programs of a BPF object", cmd_run };
