// SPDX-License-Identifier: GPL-2.0-or-later
/* kview guard: a table of commands of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "guard.h"
#include "options.h"

static const struct cli_command *const commands[] = {
	&cli_guard_replay,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum guard_rule_kind guard_parse_rule(const char *command, const char *word)
{
	if (!strcmp(word, "ph"))
		return GUARD_RULE_PH;
	if (strcmp(word, "rate"))
		cli_usage("guard %s: --rule %s: expected rate or ph", command, word);
	return GUARD_RULE_RATE;
}

uint32_t guard_parse_lfc(const char *command, const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || value >= GUARD_LOCALITY)
		cli_usage("guard %s: --lfc %s: expected a number of anomalies, 0 to %d", command, word,
			  GUARD_LOCALITY - 1);
	return value;
}

static void print_help(void)
{
	size_t i;

	puts("Usage: kview guard COMMAND [OPTION...]\n"
	     "Learn which system calls each program makes in which order, and tell when one does something else.\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-12s%s\n", commands[i]->name, commands[i]->help);
	puts("\n  -h, --help              Print this help");
}

static int cmd_guard(int argc, char **argv)
{
	const char *names[COMMANDS], *near;
	char name[32];
	size_t i;

	if (argc < 2)
		cli_usage("guard: no command given; see kview guard --help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help();
		return CLI_OK;
	}
	for (i = 0; i < COMMANDS; i++) {
		names[i] = commands[i]->name;
		if (strcmp(argv[1], names[i]))
			continue;
		snprintf(name, sizeof(name), "guard %s", names[i]);
		argv[1] = name;
		return commands[i]->run(argc - 1, argv + 1);
	}
	near = cli_near_match(argv[1], names, COMMANDS);
	if (near)
		cli_usage("guard %s: no such command; did you mean %s?", argv[1], near);
	cli_usage("guard %s: no such command; see kview guard --help", argv[1]);
}

const struct cli_command cli_cmd_guard = { "guard", "learn what programs do, and tell when they do something else",
					   cmd_guard };
