/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KVIEW_CLI_SHOW_PRINT_H
#define KVIEW_CLI_SHOW_PRINT_H

#include <jansson.h>
#include <stdio.h>

/* Print views, as cmd_show.c describes them: a line for each, or one with its members and hooks. */
int show_print_views(const json_t *views, FILE *out);
int show_print_view(const json_t *view, FILE *out);

#endif /* KVIEW_CLI_SHOW_PRINT_H */
