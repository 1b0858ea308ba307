/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of `kview guard`, and what they print. */
#ifndef KVIEW_CLI_GUARD_H
#define KVIEW_CLI_GUARD_H

#include <jansson.h>
#include <stdint.h>

#include "cli.h"
#include "guard/memory.h"

extern const struct cli_command cli_guard_replay;

/* --rule and --lfc of command `kview guard COMMAND`. Leave with CLI_USAGE on a mistake. */
enum guard_rule_kind guard_parse_rule(const char *command, const char *word);
uint32_t guard_parse_lfc(const char *command, const char *word);

/* Print one data set of `kview guard replay`, as guard_replay.c describes it, for people. */
int guard_replay_print(const json_t *set);

#endif /* KVIEW_CLI_GUARD_H */
