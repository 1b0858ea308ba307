/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `kview shield` share. */
#ifndef KVIEW_CLI_SHIELD_H
#define KVIEW_CLI_SHIELD_H

#include "cli.h"
#include "shield/config.h"
#include "shield/socket.h"

extern const struct cli_command cli_shield_run, cli_shield_status, cli_shield_reload, cli_shield_confirm;

/*
 * shield_file.c: read a configuration. Prints what is wrong and returns an exit code; *@ret_why (may be NULL) gets it
 * instead.
 */
int shield_file_read(const char *path, struct shield_config *ret_config, char **ret_why);

/*
 * shield_ask.c: ask the owner of the shield of @interface; NULL: of the only one there is. Prints what is wrong and returns
 * an exit code.
 */
int shield_ask(const char *interface, const char *question, json_t **ret_answer);

#endif /* KVIEW_CLI_SHIELD_H */
