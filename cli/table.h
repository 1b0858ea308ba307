/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for people whose columns are as wide as their widest cell. */
#ifndef KVIEW_CLI_TABLE_H
#define KVIEW_CLI_TABLE_H

#include <stdio.h>

#include "util/cleanup.h"

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT,
};

struct table;

struct table *table_new(void);
void table_free(struct table *table);
DEFINE_CLEANUP(struct table *, table_free)

/* Add all columns before the first cell. @title is copied. */
void table_column(struct table *table, enum table_align align, const char *title);

/* Add a cell; rows fill from left to right. */
void table_cell(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print with @indent spaces before each line. -ENOMEM: some column or cell could not be kept. */
int table_print(const struct table *table, FILE *out, int indent);

#endif /* KVIEW_CLI_TABLE_H */
