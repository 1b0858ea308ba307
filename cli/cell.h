/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A number, text or list from a map as the cell of a table. What it means is read off its name. */
#ifndef KVIEW_CLI_CELL_H
#define KVIEW_CLI_CELL_H

#include <jansson.h>
#include <stdbool.h>

#include "histogram.h"
#include "value.h"

#define CELL_LEN 256 /* of a cell's text; a histogram's line takes 193 bytes at most, and longer texts are cut */

/* Is it a list of counts that histogram.h can show? */
bool cell_is_histogram(const char *path, const json_t *leaf);
void cell_histogram(const json_t *leaf, struct histogram *ret_histogram);

/* Does a column of such cells stand right-aligned? */
bool cell_is_number(const char *path, const json_t *leaf);

/* Is it called syscall, syscall_nr, ..., and the number of a system call? */
bool cell_is_syscall(const char *path, const json_t *leaf);

/* The title above such cells: upper case, without a unit that the cells show themselves. */
void cell_title(char title[VALUE_PATH_LEN], const char *path, const json_t *leaf);

/* The text: system calls by name, times and sizes with units, all else as it is. */
void cell_text(char text[CELL_LEN], const char *path, const json_t *leaf);

#endif /* KVIEW_CLI_CELL_H */
