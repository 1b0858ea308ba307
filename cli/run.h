/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `kview run` share: cmd_run.c reads options, run.c does the work, run_report.c tells the results. */
#ifndef KVIEW_CLI_RUN_H
#define KVIEW_CLI_RUN_H

#include <stdio.h>

#include "options.h"
#include "printk.h"
#include "records.h"
#include "scope.h"
#include "target_options.h"
#include "wait.h"

struct run_options {
	struct cli_options shared; /* first: see cli_parse() */
	struct target_options target;
	const char *object;
	int verbosity;
	bool all; /* also maps without results */
};

/* A run, from its parts being opened to its results being told. */
struct run {
	struct run_options *options;
	FILE *out;
	struct bpf_object *obj;
	struct kview *view;
	char *fallback; /* why the view is not used, when the mode was left to us; else NULL */
	struct records *records;
	struct printk_stream *printk; /* NULL: no program prints */
	struct wait wait;
};

/* Do all of it, and let the targets go. Prints what is wrong and returns an exit code. */
int run(struct run_options *options);

/* run_report.c: detach, collect and print. Same results. */
int run_report(struct run *run);

#endif /* KVIEW_CLI_RUN_H */
