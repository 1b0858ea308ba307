// SPDX-License-Identifier: GPL-2.0-or-later
#include "group.h"

#include <stdio.h>
#include <string.h>

#define COMMANDS_MAX 32

static void print_help(const struct cli_group *group)
{
	printf("Usage: kview %s COMMAND [OPTION...]\n%s\n\n", group->name, group->doc);
	for (size_t i = 0; i < group->count; i++)
		printf("  %-12s%s\n", group->commands[i]->name, group->commands[i]->help);
	puts("\n  -h, --help              Print this help");
}

int cli_group_run(const struct cli_group *group, int argc, char **argv)
{
	const char *names[COMMANDS_MAX], *near;
	char name[32];
	size_t i;

	if (argc < 2)
		cli_usage("%s: no command given; see kview %s --help", group->name, group->name);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(group);
		return CLI_OK;
	}
	for (i = 0; i < group->count && i < COMMANDS_MAX; i++) {
		names[i] = group->commands[i]->name;
		if (strcmp(argv[1], names[i]))
			continue;
		snprintf(name, sizeof(name), "%s %s", group->name, names[i]);
		argv[1] = name;
		return group->commands[i]->run(argc - 1, argv + 1);
	}
	near = cli_near_match(argv[1], names, i);
	if (near)
		cli_usage("%s %s: no such command; did you mean %s?", group->name, argv[1], near);
	cli_usage("%s %s: no such command; see kview %s --help", group->name, argv[1], group->name);
}
