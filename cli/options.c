// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define REAL_DIGITS 10 /* of times in seconds: microseconds for an hour */

static const struct argp_option shared_options[] = {
	{"format", 'f', "FORMAT", 0, "How to print: table (default) or json", 10},
	{"help", 'h', NULL, 0, "Print this help", 11},
	{},
};

static int parse_format(const char *word, bool *ret_json)
{
	if (strcmp(word, "json") && strcmp(word, "table"))
		cli_usage("--format %s: not a format; table or json", word);
	*ret_json = !strcmp(word, "json");
	return 0;
}

/* argv[0] reads "kview: NAME" for getopt's messages; NAME may be two words. */
static const char *command_name(const struct argp_state *state)
{
	return state->argv[0] + strlen("kview: ");
}

static void print_help(const struct argp_state *state)
{
	char name[64];

	snprintf(name, sizeof(name), "kview %s", command_name(state));
	argp_help(state->root_argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_DOC | ARGP_HELP_LONG, name);
	exit(CLI_OK);
}

static error_t parse_shared(int key, char *arg, struct argp_state *state)
{
	struct cli_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		/* getopt has said what is wrong in one line; argp's "Try ..." after it is noise. */
		state->err_stream = fopen("/dev/null", "we");
		return state->err_stream ? 0 : errno;
	case 'f':
		return parse_format(arg, &options->json);
	case 'h':
		print_help(state);
		return 0;
	case ARGP_KEY_ARG:
		cli_usage("%s: %s: no argument expected", command_name(state), arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Children see what cli_parse() was given. */
static error_t pass_input(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	state->child_inputs[1] = state->input;
	return 0;
}

void cli_parse(const struct argp *argp, int argc, char **argv, void *options)
{
	static const struct argp shared = {.options = shared_options, .parser = parse_shared};
	const struct argp_child children[] = {{.argp = argp}, {.argp = &shared}, {}};
	const struct argp root = {.children = children, .parser = pass_input};
	char name[64];

	snprintf(name, sizeof(name), "kview: %s", argv[0]);
	argv[0] = name;
	argp_err_exit_status = CLI_USAGE;
	setenv("ARGP_HELP_FMT", "no-dup-args-note,opt-doc-col=26,rmargin=100", 1);
	argp_parse(&root, argc, argv, ARGP_NO_HELP, NULL, options);
}

static int print_json(FILE *out, const json_t *json, size_t flags)
{
	if (json_dumpf(json, out, flags) || fputc('\n', out) == EOF)
		return -EIO;
	return 0;
}

int cli_print_document(FILE *out, const json_t *json)
{
	return print_json(out, json, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
}

int cli_print_record(FILE *out, const json_t *json)
{
	return print_json(out, json, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
}
