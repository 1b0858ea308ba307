// SPDX-License-Identifier: GPL-2.0-or-later
#include "target_options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "options.h"

enum target_key {
	KEY_INTERRUPTS = CLI_KEY_TARGETS,
	KEY_CGROUP,
	KEY_TID,
};

#define OPTIONS(cgroup_key)                                                                                              \
	{                                                                                                                \
		{ "pid", 'p', "PID", 0, "Trace this process; PID,PID... or again for more", 1 },                         \
		{ "tree", 'T', "PID", 0, "Trace this process and all its descendants; PID,PID... or again for more", 1 }, \
		{ "tid", KEY_TID, "TID", 0, "Trace this thread alone; TID,TID... or again for more", 1 },                \
		{ "cgroup", cgroup_key, "PATH", 0,                                                                       \
		  "Trace all processes in this cgroup (v2) and below; a path or a unit; again for more", 1 },            \
		{ "container", 'C', "NAME", 0,                                                                           \
		  "Trace all processes of this container, by name or id; again for more", 1 },                           \
		{ "follow", 'F', NULL, 0, "Trace what the processes of --pid fork, too", 1 },                            \
		{ "no-follow", 'n', NULL, 0, "Do not trace what the command forks", 1 },                                 \
		{ "duration", 'd', "SECONDS", 0, "End after this time; a command gets SIGTERM", 2 },                     \
		{ "mode", 'm', "MODE", 0,                                                                                \
		  "view: needs the module, only the traced pay; ordinary: everybody pays; auto (default): view if it "   \
		  "can be", 3 },                                                                                         \
		{ "interrupts", KEY_INTERRUPTS, NULL, 0,                                                                 \
		  "Programs on function entries and tracepoints run in interrupts that come upon the traced, too", 3 },  \
		{ "output", 'o', "FILE", 0, "Write records and results to FILE", 4 },                                    \
		{},                                                                                                      \
	}

static const struct argp_option all_options[] = OPTIONS('c'), options_no_c[] = OPTIONS(KEY_CGROUP);

static double parse_duration(const char *command, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds))
		cli_usage("%s: --duration %s: not a number of seconds", command, text);
	if (seconds < 0.001 || seconds > 1e9)
		cli_usage("%s: --duration %s: must lie between 0.001 and 1000000000", command, text);
	return seconds;
}

static enum kview_mode parse_mode(const char *command, const char *word)
{
	if (!strcmp(word, "auto"))
		return KVIEW_MODE_AUTO;
	if (!strcmp(word, "view"))
		return KVIEW_MODE_VIEW;
	if (!strcmp(word, "ordinary"))
		return KVIEW_MODE_ORDINARY;
	cli_usage("%s: --mode %s: not a mode; auto, view or ordinary", command, word);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct target_options *options = state->input;

	switch (key) {
	case 'p':
		targets_parse(&options->targets, arg, TARGET_PROCESS);
		return 0;
	case 'T':
		targets_parse(&options->targets, arg, TARGET_TREE);
		return 0;
	case KEY_TID:
		targets_parse(&options->targets, arg, TARGET_THREAD);
		return 0;
	case 'c':
	case KEY_CGROUP:
	case 'C':
		targets_add_group(&options->targets, arg, key == 'C');
		return 0;
	case 'F':
	case 'n':
		options->targets.follow = key == 'F' ? FOLLOW_YES : FOLLOW_NO;
		return 0;
	case 'd':
		options->duration = parse_duration(options->targets.command, arg);
		return 0;
	case 'm':
		options->mode = parse_mode(options->targets.command, arg);
		return 0;
	case KEY_INTERRUPTS:
		options->interrupts = true;
		return 0;
	case 'o':
		options->output = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp target_options_argp = { .options = all_options, .parser = parse_option };
const struct argp target_options_argp_no_c = { .options = options_no_c, .parser = parse_option };

void target_options_split(struct target_options *options, int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		*argc = i;
		argv[i] = NULL;
		options->targets.argv = argv + i + 1;
		return;
	}
}

void target_options_check(const struct target_options *options)
{
	const struct targets *targets = &options->targets;
	bool named = targets->count || targets->group_count;

	if (targets->argv && !targets->argv[0])
		cli_usage("%s: no command after --", targets->command);
	if (targets->argv && named)
		cli_usage("%s: both processes and a command given; one of them", targets->command);
	if (!targets->argv && !named)
		cli_usage("%s: nothing to trace; give --pid PID, --tree PID, --tid TID, --cgroup PATH, --container NAME or -- COMMAND",
			  targets->command);
	if (targets->follow == FOLLOW_YES && targets_have_threads(targets))
		cli_usage("%s: --follow and --tid: what a thread forks is another process; give --pid", targets->command);
	if (targets->follow == FOLLOW_NO && targets->group_count)
		cli_usage("%s: --no-follow: what processes of a cgroup fork is in that cgroup, too", targets->command);
}

int target_options_open_view(const struct target_options *options, const char *name, struct kview **ret_view,
			     char **ret_fallback)
{
	struct kview_open_opts opts = {
		.sz = sizeof(opts),
		.name = name,
		.mode = options->mode,
		.interrupts = options->interrupts,
	};
	int err;

	err = kview_open(&opts, ret_view);
	if (err)
		return cli_refused(err, kview_reason(NULL), "%s", options->targets.command);
	*ret_fallback = NULL;
	if (options->mode == KVIEW_MODE_AUTO && kview_mode(*ret_view) == KVIEW_MODE_ORDINARY)
		*ret_fallback = strdup(kview_reason(*ret_view));
	return CLI_OK;
}

void target_options_note_fallback(const char *fallback)
{
	if (fallback)
		cli_note("%s; in ordinary mode every process pays for the filter before each program", fallback);
}

int target_options_open_output(const struct target_options *options, FILE **ret_out)
{
	*ret_out = options->output ? fopen(options->output, "we") : stdout;
	return *ret_out ? CLI_OK : cli_fail(-errno, NULL, "%s", options->output);
}
