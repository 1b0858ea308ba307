/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `kview trace` share: cmd_trace.c reads options, trace.c does the work, trace_report.c tells the results. */
#ifndef KVIEW_CLI_TRACE_H
#define KVIEW_CLI_TRACE_H

#include "options.h"
#include "target_options.h"
#include "trace_hooks.h"
#include "trace_object.h"
#include "trace_print.h"
#include "wait.h"

struct trace_options {
	struct cli_options shared; /* first: see cli_parse() */
	struct target_options target;
	char **patterns;
	size_t pattern_count;
	uint32_t buffer; /* bytes */
	bool counts;
	bool histograms;
	int verbosity;
};

/* A trace, from its parts being opened to its results being told. */
struct tracing {
	struct trace_options *options;
	FILE *out;
	struct kview *view;
	char *fallback; /* why the view is not used, when the mode was left to us; else NULL */
	struct trace_hooks hooks;
	struct trace_object *object;
	struct trace_printer printer;
	struct wait wait;
};

/* Do all of it, and let the targets go. Prints what is wrong and returns an exit code. */
int trace(struct trace_options *options);

/* trace_report.c: detach, collect and print. Same results. */
int trace_report(struct tracing *tracing);

#endif /* KVIEW_CLI_TRACE_H */
