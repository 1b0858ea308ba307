/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of `kview guard`, and what they print. */
#ifndef KVIEW_CLI_GUARD_H
#define KVIEW_CLI_GUARD_H

#include <jansson.h>

#include "cli.h"

extern const struct cli_command cli_guard_replay;

/* Print one data set of `kview guard replay`, as guard_replay.c describes it, for people. */
int guard_replay_print(const json_t *set);

#endif /* KVIEW_CLI_GUARD_H */
