/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking a guard that serves, by docs/guard-protocol.md. */
#ifndef KVIEW_CLI_GUARD_ASK_H
#define KVIEW_CLI_GUARD_ASK_H

#include <jansson.h>
#include <stdio.h>

#include "options.h"

enum guard_ask_key {
	GUARD_ASK_KEY_SOCKET = CLI_KEY_FIRST,
	GUARD_ASK_KEY_FIRST, /* of the commands' own options */
};

struct guard_ask {
	struct cli_options shared; /* first: see cli_parse() */
	const char *command, *socket;
	const char *arguments[2];
	int argument_count;
	FILE *stream; /* NULL: nothing was asked yet */
};

/* An argp child for --socket and arguments; its input is a struct guard_ask. */
extern const struct argp guard_ask_argp;

void guard_ask_deinit(struct guard_ask *ask);

/* Send @request, which is taken over; *ret_answer is one without an error. Prints what is wrong; an exit code. */
int guard_ask_for(struct guard_ask *ask, json_t *request, json_t **ret_answer);

/* Another line after an answer; NULL: there is no more. */
json_t *guard_ask_read(const struct guard_ask *ask);

#endif /* KVIEW_CLI_GUARD_ASK_H */
