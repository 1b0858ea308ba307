// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "cli.h"
#include "top.h"

#define DELAY_MIN 0.1
#define DELAY_MAX 86400

static const struct argp_option options[] = {
	{ "address", 'a', "ADDRESS", 0, "Where kview-monitord listens: HOST:PORT (127.0.0.1:9464)", 1 },
	{ "delay", 'd', "SECONDS", 0, "Look so often (2)", 1 },
	{ "sort", 's', "COLUMN", 0, "Begin sorted by this column (CPU%)", 1 },
	{ "reverse", 'r', NULL, 0, "From the least to the most", 1 },
	{ "batch", 'b', NULL, 0, "Print one table after the other; also without a terminal", 2 },
	{ "frames", 'n', "COUNT", 0, "End after so many tables", 2 },
	{},
};

static double parse_delay(const char *text)
{
	char *end;
	double delay = strtod(text, &end);

	if (end == text || *end || !(delay >= DELAY_MIN && delay <= DELAY_MAX))
		cli_usage("top: --delay %s: not a number from %g to %d", text, DELAY_MIN, DELAY_MAX);
	return delay;
}

static unsigned long parse_frames(const char *text)
{
	char *end;
	unsigned long frames;

	errno = 0;
	frames = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !frames)
		cli_usage("top: --frames %s: not a number from 1 on", text);
	return frames;
}

static int parse_sort(const char *text)
{
	int column = top_column(text);

	if (column < 0)
		cli_usage("top: --sort %s: no column; see the titles, or the names in --format json", text);
	return column;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct top_options *top = state->input;

	switch (key) {
	case 'a':
		top->address = arg;
		return 0;
	case 'd':
		top->delay = parse_delay(arg);
		return 0;
	case 's':
		top->sort = parse_sort(arg);
		return 0;
	case 'r':
		top->ascending = true;
		return 0;
	case 'b':
		top->batch = true;
		return 0;
	case 'n':
		top->frames = parse_frames(arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_top(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Show what the targets of kview-monitord do, as rates since the last look. < and > choose the "
		       "column to sort by, r reverses, q ends.",
	};
	struct top_options top = { .address = "127.0.0.1:9464", .delay = 2 };

	top.sort = top_column("CPU%");
	cli_parse(&argp, argc, argv, &top);
	top.batch |= top.shared.json;
	return top_run(&top);
}

const struct cli_command cli_cmd_top = { "top", "show what the targets of kview-monitord do", cmd_top };
