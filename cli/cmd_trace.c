// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "log.h"
#include "trace.h"

#define BUFFER_DEFAULT (4 << 20) /* 20,000 events and more */
#define BUFFER_MAX (1 << 30)

static const struct argp_option options[] = {
	{ "count", 'c', NULL, 0, "Count instead of printing events; with the time calls take", 5 },
	{ "histogram", 'H', NULL, 0, "The same, with a histogram of times for each hook", 5 },
	{ "buffer", 'b', "SIZE", 0, "Memory for events that have not been printed yet: 64K to 1G, 4M by default", 5 },
	{ "verbose", 'v', NULL, 0, "List hooks that were skipped, and print libbpf's messages; -vv: all messages", 6 },
	{},
};

/* The kernel wants a power of two: the next one. */
static uint32_t parse_buffer(const char *text)
{
	uint32_t size = 64 << 10;
	unsigned long long wanted;
	char *end;

	errno = 0;
	wanted = strtoull(text, &end, 10);
	if (end == text || *text < '0' || *text > '9')
		cli_usage("trace: --buffer %s: not a size; write 512K, 4M or a number of bytes", text);
	if (!strcmp(end, "K") || !strcmp(end, "k"))
		wanted <<= 10;
	else if (!strcmp(end, "M") || !strcmp(end, "m"))
		wanted <<= 20;
	else if (!strcmp(end, "G") || !strcmp(end, "g"))
		wanted <<= 30;
	else if (*end)
		cli_usage("trace: --buffer %s: not a size; write 512K, 4M or a number of bytes", text);
	if (errno || wanted < size || wanted > BUFFER_MAX)
		cli_usage("trace: --buffer %s: must lie between 64K and 1G", text);
	while (size < wanted)
		size *= 2;
	return size;
}

static void add_pattern(struct trace_options *trace, char *pattern)
{
	char **patterns = reallocarray(trace->patterns, trace->pattern_count + 1, sizeof(*patterns));

	if (!patterns)
		exit(cli_fail(-ENOMEM, NULL, "trace"));
	trace->patterns = patterns;
	patterns[trace->pattern_count++] = pattern;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct trace_options *trace = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &trace->target;
		return 0;
	case 'H':
		trace->histograms = true;
		/* fall through */
	case 'c':
		trace->counts = true;
		return 0;
	case 'b':
		trace->buffer = parse_buffer(arg);
		return 0;
	case 'v':
		trace->verbosity++;
		return 0;
	case ARGP_KEY_ARG:
		trace_hooks_check(arg);
		add_pattern(trace, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_trace(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &target_options_argp_no_c }, {} };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.args_doc = "HOOK... --pid PID\nHOOK... --cgroup PATH\nHOOK... -- COMMAND [ARG...]",
		.doc = "Print what the given processes do, without writing BPF: each system call with its arguments, result "
		       "and duration, calls of the kernel's functions, and its tracepoints. HOOK is syscalls:NAME, "
		       "kprobe:FUNCTION (entry), kretprobe:FUNCTION (return), func:FUNCTION (both ends), CATEGORY:NAME or "
		       "tracepoint:CATEGORY:NAME, or rawtp:NAME; names can be shell patterns.",
	};
	struct trace_options trace_options = { .target.targets.command = argv[0], .buffer = BUFFER_DEFAULT };
	int code;

	target_options_split(&trace_options.target, &argc, argv);
	cli_parse(&argp, argc, argv, &trace_options);
	if (!trace_options.pattern_count)
		cli_usage("trace: no hook given, such as 'syscalls:*'; see kview trace --help");
	target_options_check(&trace_options.target);
	log_set_verbosity(trace_options.verbosity);
	code = trace(&trace_options);
	free(trace_options.patterns);
	return code;
}

const struct cli_command cli_cmd_trace = { "trace", "show system calls and kernel functions of processes, without BPF code",
					   cmd_trace };
