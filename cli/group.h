/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that has commands of its own: kview NAME COMMAND. */
#ifndef KVIEW_CLI_GROUP_H
#define KVIEW_CLI_GROUP_H

#include "cli.h"

struct cli_group {
	const char *name;
	const char *doc; /* one line for its --help */
	const struct cli_command *const *commands;
	size_t count;
};

/* To be the run() of the command: @argv[0] is its name. */
int cli_group_run(const struct cli_group *group, int argc, char **argv);

#endif /* KVIEW_CLI_GROUP_H */
