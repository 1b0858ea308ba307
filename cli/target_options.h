/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of commands that trace: whom, how, and for how long. */
#ifndef KVIEW_CLI_TARGET_OPTIONS_H
#define KVIEW_CLI_TARGET_OPTIONS_H

#include <argp.h>
#include <stdio.h>

#include "targets.h"

struct target_options {
	struct targets targets;
	double duration; /* seconds; 0: no limit */
	enum kview_mode mode;
	bool interrupts;
	const char *output; /* NULL: standard output */
};

/*
 * To be an argp child whose input is a struct target_options, {} but for targets.command. With a letter for all; and for
 * commands that use the letter of --cgroup otherwise.
 */
extern const struct argp target_options_argp, target_options_argp_no_c;

/* Cut @argv at the first "--": what follows is a command to trace and none of our business. */
void target_options_split(struct target_options *options, int *argc, char **argv);

/* Is there something to trace, and can it be traced together? Leaves with CLI_USAGE if not. */
void target_options_check(const struct target_options *options);

/*
 * Open a view of that mode. *ret_fallback gets why it is an ordinary one when the mode was left to us, else NULL; to be
 * freed. Prints what is wrong and returns an exit code.
 */
int target_options_open_view(const struct target_options *options, const char *name, struct kview **ret_view,
			     char **ret_fallback);

/* Tell people what ordinary mode costs, if there was a fallback. */
void target_options_note_fallback(const char *fallback);

/* Open --output. Prints what is wrong and returns an exit code. */
int target_options_open_output(const struct target_options *options, FILE **ret_out);

#endif /* KVIEW_CLI_TARGET_OPTIONS_H */
