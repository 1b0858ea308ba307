/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options every command has, on top of argp(3): --help, --format, and errors that take one line. */
#ifndef KVIEW_CLI_OPTIONS_H
#define KVIEW_CLI_OPTIONS_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* First member of each command's own options, which are its argp input. */
struct cli_options {
	bool json;
};

/* Keys of options without a short form, so that commands do not collide with the shared ones. */
enum cli_key {
	CLI_KEY_FIRST = 0x100,
	CLI_KEY_TARGETS = 0x200, /* target_options.c */
};

/*
 * Parse @argv by @argp plus the shared options, into @options (a struct that begins with struct cli_options).
 * --help prints and exits 0; a mistake prints one line and exits CLI_USAGE.
 */
void cli_parse(const struct argp *argp, int argc, char **argv, void *options);

/* Write @json with a line break after it: indented for documents, one line for records of a stream. */
int cli_print_document(FILE *out, const json_t *json);
int cli_print_record(FILE *out, const json_t *json);

#endif /* KVIEW_CLI_OPTIONS_H */
