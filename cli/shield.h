/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `kview shield` share. */
#ifndef KVIEW_CLI_SHIELD_H
#define KVIEW_CLI_SHIELD_H

#include <jansson.h>

#include "cli.h"
#include "shield/config.h"

extern const struct cli_command cli_shield_run, cli_shield_status, cli_shield_reload, cli_shield_confirm;

/*
 * shield_file.c: read a configuration. Prints what is wrong and returns an exit code; *@ret_why (may be NULL) gets it
 * instead.
 */
int shield_file_read(const char *path, struct shield_config *ret_config, char **ret_why);

/*
 * shield_socket.c: the owner of a shield listens for one question per connection, a line, and answers it with a JSON
 * object, which has a member "error" when it cannot be done. Only root may ask.
 */
#define SHIELD_QUESTION_MAX 128
#define SHIELD_FOLDER "/run/kview"

/* -EADDRINUSE: the interface has a shield whose owner listens. */
int shield_socket_listen(const char *interface, int *ret_fd);
void shield_socket_remove(const char *interface);

/*
 * Take the next question from a listening socket; the connection is the caller's to answer and close. -EAGAIN: none
 * came.
 */
int shield_socket_take(int listener, char question[SHIELD_QUESTION_MAX], int *ret_fd);
int shield_socket_answer(int fd, const json_t *answer);

/*
 * Ask the owner of the shield of @interface; NULL: of the only one there is. Prints what is wrong and returns an exit
 * code.
 */
int shield_socket_ask(const char *interface, const char *question, json_t **ret_answer);

#endif /* KVIEW_CLI_SHIELD_H */
