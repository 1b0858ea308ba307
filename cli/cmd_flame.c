// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "flame.h"

#define HZ_DEFAULT 99 /* not in step with what programs do a hundred times a second */
#define HZ_MAX 10000

static const struct argp_option options[] = {
	{ "pid", 'p', "PID", 0, "Record this process with all its threads; PID,PID... or again for more", 1 },
	{ "tree", 'T', "PID", 0, "Record this process and all its descendants; PID,PID... or again for more", 1 },
	{ "cgroup", 'c', "PATH", 0,
	  "Record all processes in this cgroup (v2) and below; a path or a unit; again for more", 1 },
	{ "container", 'C', "NAME", 0, "Record all processes of this container, by name or id; again for more", 1 },
	{ "no-follow", 'n', NULL, 0, "Do not record what the command forks", 1 },
	{ "off-cpu", 'O', NULL, 0, "Record where time is spent waiting, instead of where CPU time is", 2 },
	{ "frequency", 'F', "HZ", 0, "Samples a second of each thread that runs (99)", 2 },
	{ "duration", 'd', "SECONDS", 0, "End after this time; a command gets SIGTERM", 2 },
	{ "output", 'o', "FILE", 0, "Write to FILE (flame.svg); - for standard output", 4 },
	{ "type", 't', "TYPE", 0, "What to write: svg, folded or pprof; else by the name of FILE", 4 },
	{},
};

static unsigned int parse_hz(const char *text)
{
	char *end;
	unsigned long hz = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || hz < 1 || hz > HZ_MAX)
		cli_usage("flame: --frequency %s: not a number from 1 to %d", text, HZ_MAX);
	return hz;
}

/* Whom and for how long is read as for the other commands that trace. */
static error_t parse_target(int key, char *arg, const struct argp_state *state)
{
	struct flame_options *flame = state->input;
	struct argp_state inner = *state;

	inner.input = &flame->target;
	return target_options_argp.parser(key, arg, &inner);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct flame_options *flame = state->input;

	switch (key) {
	case 'O':
		flame->off_cpu = true;
		return 0;
	case 'F':
		flame->hz = parse_hz(arg);
		return 0;
	case 't':
		flame->type = flame_type_parse(arg);
		return 0;
	default:
		return parse_target(key, arg, state);
	}
}

static const struct argp_option diff_options[] = {
	{ "output", 'o', "FILE", 0, "Write to FILE (flame-diff.svg); - for standard output", 1 },
	{ "type", 't', "TYPE", 0, "What to write: svg or folded; else by the name of FILE", 1 },
	{},
};

static error_t parse_diff_option(int key, char *arg, struct argp_state *state)
{
	struct flame_diff_options *diff = state->input;

	switch (key) {
	case 'o':
		diff->output = arg;
		return 0;
	case 't':
		diff->type = flame_type_parse(arg);
		return 0;
	case ARGP_KEY_ARG:
		if (diff->after)
			cli_usage("flame diff: %s: two files are compared, not more", arg);
		*(diff->before ? &diff->after : &diff->before) = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_diff(int argc, char **argv)
{
	static const struct argp argp = {
		.options = diff_options,
		.parser = parse_diff_option,
		.args_doc = "BEFORE AFTER",
		.doc = "Compare two recordings, files of folded stacks as --type folded writes them: a flame graph of "
		       "AFTER "
		       "whose colours tell what has become more (red) and less (blue) since BEFORE, as shares of each.",
	};
	struct flame_diff_options diff = { .output = "flame-diff.svg" };
	static char name[] = "flame diff";

	argv[0] = name;
	cli_parse(&argp, argc, argv, &diff);
	if (!diff.after)
		cli_usage("flame diff: two files to compare are needed; see kview flame diff --help");
	if (diff.type == FLAME_TYPE_PPROF)
		cli_usage("flame diff: --type pprof: svg or folded; pprof compares two profiles itself (-diff_base)");
	return flame_diff(&diff);
}

static int cmd_flame(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "--pid PID\n--cgroup PATH\n-- COMMAND [ARG...]\ndiff BEFORE AFTER",
		.doc = "Record the stacks of processes, of the program and of the kernel, and draw a flame graph: an "
		       "SVG that a "
		       "browser shows, with zoom and search. It ends when all processes have exited, on Ctrl-C, or "
		       "when the "
		       "time is over. kview flame diff compares two recordings.",
	};
	struct flame_options flame = {
		.target = { .targets.command = argv[0], .output = "flame.svg" },
		.hz = HZ_DEFAULT,
	};

	if (argc > 1 && !strcmp(argv[1], "diff"))
		return cmd_diff(argc - 1, argv + 1);
	target_options_split(&flame.target, &argc, argv);
	cli_parse(&argp, argc, argv, &flame);
	target_options_check(&flame.target);
	return flame_record(&flame);
}

const struct cli_command cli_cmd_flame = { "flame", "draw where processes spend their time, or wait: a flame graph",
					   cmd_flame };
