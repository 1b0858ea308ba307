/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of a guard that serves, for people. 0 or a negative errno. */
#ifndef KVIEW_CLI_GUARD_ASK_PRINT_H
#define KVIEW_CLI_GUARD_ASK_PRINT_H

#include <jansson.h>
#include <stdio.h>

int guard_status_print(FILE *out, const json_t *answer);
int guard_metrics_print(FILE *out, const json_t *answer);
int guard_tasks_print(FILE *out, const json_t *answer);
int guard_profile_list_print(FILE *out, const json_t *answer);
int guard_profile_print(FILE *out, const json_t *answer);
int guard_json_print(FILE *out, const json_t *answer);

#endif /* KVIEW_CLI_GUARD_ASK_PRINT_H */
