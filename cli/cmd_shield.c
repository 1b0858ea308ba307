// SPDX-License-Identifier: GPL-2.0-or-later
#include "group.h"
#include "shield.h"

static int cmd_shield(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&cli_shield_run,
		&cli_shield_status,
		&cli_shield_reload,
		&cli_shield_confirm,
	};
	static const struct cli_group group = {
		.name = "shield",
		.doc = "Let in through an interface what rules allow; drop the rest before it costs anything.",
		.commands = commands,
		.count = sizeof(commands) / sizeof(commands[0]),
	};

	return cli_group_run(&group, argc, argv);
}

const struct cli_command cli_cmd_shield = { "shield",
					    "let in through an interface what rules allow, drop the rest first",
					    cmd_shield };
