// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries_print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "table.h"

/* An entry, and where it comes in the table. */
struct row {
	const json_t *entry;
	json_int_t number; /* the first in its value */
	size_t index;
	bool ranked; /* @number is set */
};

/* The table while it is being filled. */
struct printer {
	FILE *out;
	struct table *table;
	bool lines;		      /* histograms are cells of one line */
	struct histogram_range range; /* of all of them */
};

static void find_number(const char *path, const json_t *leaf, void *data)
{
	struct row *row = data;

	(void)path;
	if (row->ranked || !json_is_integer(leaf))
		return;
	row->ranked = true;
	row->number = json_integer_value(leaf);
}

/* Largest number first; rows with the same number keep the order of their keys. */
static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->number != b->number)
		return a->number < b->number ? 1 : -1;
	return a->index < b->index ? -1 : 1;
}

static struct row *rows_new(const json_t *map, const json_t *entries)
{
	bool ranked = strstr(json_string_value(json_object_get(map, "type")), "hash");
	size_t i, count = json_array_size(entries);
	struct row *rows = calloc(count ?: 1, sizeof(*rows));

	if (!rows)
		return NULL;
	for (i = 0; i < count; i++) {
		rows[i].entry = json_array_get(entries, i);
		rows[i].index = i;
		if (ranked)
			value_each_leaf("", json_object_get(rows[i].entry, "value"), find_number, &rows[i]);
	}
	qsort(rows, count, sizeof(*rows), compare_rows);
	return rows;
}

static void widen_range(const char *path, const json_t *leaf, void *data)
{
	struct histogram histogram;
	struct printer *printer = data;

	if (!cell_is_histogram(path, leaf))
		return;
	cell_histogram(leaf, &histogram);
	histogram_widen(&printer->range, &histogram);
}

static void add_column(const char *path, const json_t *leaf, void *data)
{
	struct printer *printer = data;
	char title[VALUE_PATH_LEN];

	if (!cell_is_histogram(path, leaf))
		cell_title(title, path, leaf);
	else if (printer->lines)
		histogram_title(title, sizeof(title), path, printer->range);
	else
		return;
	table_column(printer->table, cell_is_number(path, leaf) ? TABLE_RIGHT : TABLE_LEFT, title);
}

static void add_cell(const char *path, const json_t *leaf, void *data)
{
	struct printer *printer = data;
	struct histogram histogram;
	char text[CELL_LEN];

	if (!cell_is_histogram(path, leaf)) {
		cell_text(text, path, leaf);
	} else if (printer->lines) {
		cell_histogram(leaf, &histogram);
		histogram_line(text, printer->range, &histogram);
	} else {
		return;
	}
	table_cell(printer->table, "%s", text);
}

static void draw_histogram(const char *path, const json_t *leaf, void *data)
{
	struct printer *printer = data;
	struct histogram histogram;

	if (!cell_is_histogram(path, leaf) || printer->lines)
		return;
	cell_histogram(leaf, &histogram);
	fprintf(printer->out, "\n  %s\n", path);
	histogram_print(printer->out, path, &histogram);
}

/* Unnamed keys and values are called by what they are; a map of system calls has system calls as keys. */
static void each_cell(const json_t *map, const json_t *entry, value_leaf_fn fn, void *data)
{
	const json_t *key = json_object_get(entry, "key"), *value = json_object_get(entry, "value");
	const char *name = json_string_value(json_object_get(map, "name"));

	value_each_leaf(json_is_object(key) ? "" : cell_is_syscall(name, key) ? "syscall" : "key", key, fn, data);
	value_each_leaf(json_is_object(value) ? "" : "value", value, fn, data);
}

static int print_rows(const json_t *map, const struct row *rows, size_t count, FILE *out)
{
	_cleanup_(table_freep) struct table *table = table_new();
	struct printer printer = { .out = out, .table = table, .lines = count > 1 };
	size_t i;
	int err;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		each_cell(map, rows[i].entry, widen_range, &printer);
	each_cell(map, rows[0].entry, add_column, &printer);
	for (i = 0; i < count; i++)
		each_cell(map, rows[i].entry, add_cell, &printer);
	err = table_print(table, out, 2);
	each_cell(map, rows[0].entry, draw_histogram, &printer);
	return err;
}

int entries_print(const json_t *map, FILE *out)
{
	const json_t *entries = json_object_get(map, "entries");
	_cleanup_(freep) struct row *rows = rows_new(map, entries);

	if (!rows)
		return -ENOMEM;
	return json_array_size(entries) ? print_rows(map, rows, json_array_size(entries), out) : 0;
}

static void add_variable(const char *path, const json_t *leaf, void *data)
{
	struct printer *printer = data;

	if (!cell_is_histogram(path, leaf))
		table_cell(printer->table, "%s", path);
	add_cell(path, leaf, data);
}

int variables_print(const json_t *variables, FILE *out)
{
	_cleanup_(table_freep) struct table *table = table_new();
	struct printer printer = { .out = out, .table = table };
	int err;

	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_LEFT, "VARIABLE");
	table_column(table, TABLE_LEFT, "VALUE");
	value_each_leaf("", variables, add_variable, &printer);
	err = table_print(table, out, 2);
	value_each_leaf("", variables, draw_histogram, &printer);
	return err;
}
