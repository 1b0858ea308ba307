/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of `kview guard`, and what they print. */
#ifndef KVIEW_CLI_GUARD_H
#define KVIEW_CLI_GUARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli.h"
#include "guard/memory.h"

extern const struct cli_command cli_guard_watch, cli_guard_serve;
extern const struct cli_command cli_guard_replay;

/* Questions to a guard that serves: guard_ask.c. */
extern const struct cli_command cli_guard_status, cli_guard_ps, cli_guard_profiles, cli_guard_show, cli_guard_train,
	cli_guard_normalize, cli_guard_sensitize, cli_guard_tolerize, cli_guard_freeze, cli_guard_reset, cli_guard_set,
	cli_guard_save, cli_guard_export, cli_guard_import, cli_guard_events, cli_guard_metrics,
	cli_guard_web;

/* --rule, --lfc, --respond and times of command `kview guard COMMAND`. Leave with CLI_USAGE on a mistake. */
enum guard_rule_kind guard_parse_rule(const char *command, const char *word);
uint32_t guard_parse_lfc(const char *command, const char *word);
uint32_t guard_parse_responses(const char *command, const char *words);
double guard_parse_seconds(const char *command, const char *option, const char *word);

#define GUARD_RESPONSES_NAME 48

/* "slow,stop" as enum guard_response; "log" or "": nothing. False: there are other words in it. And back. */
bool guard_responses_of(const char *words, uint32_t *ret_responses);
const char *guard_responses_name(uint32_t set, char name[GUARD_RESPONSES_NAME]);

/* Print one data set of `kview guard replay`, as guard_replay.c describes it, for people. */
int guard_replay_print(const json_t *set);

#endif /* KVIEW_CLI_GUARD_H */
