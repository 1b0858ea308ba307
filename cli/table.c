// SPDX-License-Identifier: GPL-2.0-or-later
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct column {
	enum table_align align;
	size_t width;
};

struct table {
	struct column *columns;
	size_t column_count;
	char **cells; /* titles first, then row by row */
	size_t cell_count;
	size_t cell_room;
	bool failed; /* ran out of memory */
};

struct table *table_new(void)
{
	return calloc(1, sizeof(struct table));
}

void table_free(struct table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->columns);
	free(table);
}

/* How many places @text takes on a terminal, as far as one can tell without a locale: UTF-8 sequences take one. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static bool cells_grow(struct table *table)
{
	size_t room = table->cell_room ? 2 * table->cell_room : 64;
	char **cells = reallocarray(table->cells, room, sizeof(*cells));

	if (!cells)
		return false;
	table->cells = cells;
	table->cell_room = room;
	return true;
}

static void add_cell(struct table *table, char *text)
{
	struct column *column;
	size_t width;

	if (!text || (table->cell_count == table->cell_room && !cells_grow(table))) {
		free(text);
		table->failed = true;
		return;
	}
	column = &table->columns[table->cell_count % table->column_count];
	width = text_width(text);
	if (width > column->width)
		column->width = width;
	table->cells[table->cell_count++] = text;
}

void table_column(struct table *table, enum table_align align, const char *title)
{
	struct column *columns;

	columns = reallocarray(table->columns, table->column_count + 1, sizeof(*columns));
	if (!columns) {
		table->failed = true;
		return;
	}
	table->columns = columns;
	columns[table->column_count++] = (struct column){.align = align};
	add_cell(table, strdup(title));
}

void table_cell(struct table *table, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	if (table->failed)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	add_cell(table, text);
}

static void print_cell(FILE *out, const struct column *column, const char *text, bool last)
{
	int padding = column->width - text_width(text);

	if (column->align == TABLE_RIGHT)
		fprintf(out, "%*s%s", padding, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : padding, "");
	fputs(last ? "\n" : "  ", out);
}

int table_print(const struct table *table, FILE *out, int indent)
{
	size_t i, column;

	if (table->failed)
		return -ENOMEM;
	for (i = 0; i < table->cell_count; i++) {
		column = i % table->column_count;
		if (column == 0)
			fprintf(out, "%*s", indent, "");
		print_cell(out, &table->columns[column], table->cells[i], column + 1 == table->column_count);
	}
	return 0;
}
