/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KVIEW_CLI_ENTRIES_PRINT_H
#define KVIEW_CLI_ENTRIES_PRINT_H

#include <jansson.h>
#include <stdio.h>

/*
 * Print the entries of a map, as maps_read() tells them, as a table: hashes ranked by the first number of their values,
 * arrays in their order. Histograms among the values take a line each, or, when there is a single entry, are drawn below.
 */
int entries_print(const json_t *map, FILE *out);

/* Print variables, {name: value}, the same way. */
int variables_print(const json_t *variables, FILE *out);

#endif /* KVIEW_CLI_ENTRIES_PRINT_H */
