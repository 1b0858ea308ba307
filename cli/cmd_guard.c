// SPDX-License-Identifier: GPL-2.0-or-later
/* kview guard: a table of commands of its own. */
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "guard.h"

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

uint32_t guard_parse_responses(const char *command, const char *words)
{
	uint32_t found;

	if (!guard_responses_of(words, &found))
		cli_usage("guard %s: --respond %s: expected slow, refuse-exec, stop or kill", command, words);
	return found;
}

double guard_parse_seconds(const char *command, const char *option, const char *word)
{
	char *end;
	double value = strtod(word, &end);

	if (end == word || *end || !(value > 0 && value <= 1e6))
		cli_usage("guard %s: %s %s: expected seconds, more than 0, at most 1000000", command, option, word);
	return value;
}

static int cmd_guard(int argc, char **argv)
{
	static const struct cli_command *const commands[] = {
		&cli_guard_watch,  &cli_guard_serve,  &cli_guard_status,    &cli_guard_ps,	  &cli_guard_profiles,
		&cli_guard_show,   &cli_guard_train,  &cli_guard_normalize, &cli_guard_sensitize, &cli_guard_tolerize,
		&cli_guard_freeze, &cli_guard_reset,  &cli_guard_set,	    &cli_guard_save,	  &cli_guard_export,
		&cli_guard_import, &cli_guard_events, &cli_guard_metrics,   &cli_guard_web,
		&cli_guard_replay,
	};
	static const struct cli_group group = {
		.name = "guard",
		.doc = "Learn which system calls each program makes in which order, and tell when one does something else.",
		.commands = commands,
		.count = sizeof(commands) / sizeof(commands[0]),
	};

	return cli_group_run(&group, argc, argv);
}

const struct cli_command cli_cmd_guard = { "guard", "learn what programs do, and tell when they do something else",
					   cmd_guard };
