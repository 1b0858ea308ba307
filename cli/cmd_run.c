// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "cli.h"
#include "log.h"
#include "run.h"

static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0, "Print constants, configuration and buffers, too", 5 },
	{ "verbose", 'v', NULL, 0, "Print what each hook has seen, and libbpf's messages; -vv: all messages", 6 },
	{},
};

static void take_object(struct run_options *run, const char *arg)
{
	if (run->object)
		cli_usage("run: %s: only one object can be run; a command comes after --", arg);
	run->object = arg;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_options *run = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &run->target;
		return 0;
	case 'a':
		run->all = true;
		return 0;
	case 'v':
		run->verbosity++;
		return 0;
	case ARGP_KEY_ARG:
		take_object(run, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_run(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &target_options_argp }, {} };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.args_doc = "OBJECT.bpf.o --pid PID\nOBJECT.bpf.o --cgroup PATH\nOBJECT.bpf.o -- COMMAND [ARG...]",
		.doc = "Load an object of BPF programs, attach all of them in a view of the kernel that only the given "
		       "processes have, and print its maps at the end: when all of them have exited, on Ctrl-C, or when "
		       "the time is over.",
	};
	struct run_options run_options = { .target.targets.command = argv[0] };

	target_options_split(&run_options.target, &argc, argv);
	cli_parse(&argp, argc, argv, &run_options);
	if (!run_options.object)
		cli_usage("run: no BPF object given; see kview run --help");
	target_options_check(&run_options.target);
	log_set_verbosity(run_options.verbosity);
	return run(&run_options);
}

const struct cli_command cli_cmd_run = { "run", "trace processes or a command with the programs of a BPF object", cmd_run };
