/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `kview run` share: cmd_run.c reads options, run.c does the work, run_report.c tells the results. */
#ifndef KVIEW_CLI_RUN_H
#define KVIEW_CLI_RUN_H

#include <stdint.h>
#include <stdio.h>

#include "options.h"
#include "printk.h"
#include "records.h"
#include "scope.h"
#include "targets.h"

struct run_options {
	struct cli_options shared; /* first: see cli_parse() */
	const char *object;
	char **command; /* NULL: there is none */
	const char *output;
	double duration; /* seconds; 0: no limit */
	enum kview_mode mode;
	bool interrupts;
	int verbosity;
	bool all; /* also maps without results */
};

/* Why a run ended. */
enum run_end {
	RUN_EXIT,     /* all processes have exited */
	RUN_SIGNAL,   /* somebody asked us to end */
	RUN_DURATION, /* the time is over */
};

/* A run, from its parts being opened to its results being told. */
struct run {
	const struct run_options *options;
	FILE *out;
	struct bpf_object *obj;
	struct kview *view;
	char *fallback; /* why the view is not used, when the mode was left to us; else NULL */
	struct targets *targets;
	struct records *records;
	struct printk_stream *printk; /* NULL: no program prints */
	struct loop *loop;
	int signals; /* signalfd */
	int timer;   /* timerfd: the duration, and then the moment a command is given to end */
	size_t alive; /* processes that have not exited */
	enum run_end end;
	bool ending; /* asked to end, the command has a moment left */
	uint64_t start_ns; /* CLOCK_MONOTONIC, when the first process became a member */
	uint64_t end_ns;
};

/* Do all of it, and let @targets go. Prints what is wrong and returns an exit code. */
int run(const struct run_options *options, struct targets *targets);

/* run_loop.c: wait until the run ends. Same results. */
uint64_t run_now(void);
int run_loop_open(struct run *run);
int run_loop(struct run *run);

/* run_report.c: detach, collect and print. Same results. */
int run_report(struct run *run);

#endif /* KVIEW_CLI_RUN_H */
