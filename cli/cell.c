// SPDX-License-Identifier: GPL-2.0-or-later
#include "cell.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <kview/kview.h>

#include "format.h"
#include "util/cleanup.h"

#define LIST_LEN 80 /* of a list in a cell; longer ones are cut */

static const char *last_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), end_length = strlen(end);

	return length > end_length && !strcmp(path + length - end_length, end);
}

bool cell_is_histogram(const char *path, const json_t *leaf)
{
	return json_array_size(leaf) && json_array_size(leaf) <= HISTOGRAM_SLOTS && histogram_has_name(last_name(path)) &&
	       json_is_integer(json_array_get(leaf, 0));
}

void cell_histogram(const json_t *leaf, struct histogram *ret_histogram)
{
	size_t i;

	*ret_histogram = (struct histogram){};
	for (i = 0; i < json_array_size(leaf) && i < HISTOGRAM_SLOTS; i++)
		ret_histogram->slots[i] = json_integer_value(json_array_get(leaf, i));
}

bool cell_is_syscall(const char *path, const json_t *leaf)
{
	return !strncmp(last_name(path), "syscall", strlen("syscall")) && json_is_integer(leaf) &&
	       json_integer_value(leaf) >= 0 && kview_syscall_name(json_integer_value(leaf));
}

bool cell_is_number(const char *path, const json_t *leaf)
{
	return json_is_integer(leaf) && !cell_is_syscall(path, leaf);
}

/* Numbers whose names tell a unit are shown in the largest one that fits, and the name loses its ending. */
static bool has_unit(const char *path)
{
	return ends_with(path, "_ns") || ends_with(path, "_bytes");
}

void cell_title(char title[VALUE_PATH_LEN], const char *path, const json_t *leaf)
{
	char *c;

	snprintf(title, VALUE_PATH_LEN, "%s", path);
	if (cell_is_number(path, leaf) && has_unit(title))
		*strrchr(title, '_') = '\0';
	for (c = title; *c; c++)
		*c = toupper((unsigned char)*c);
}

static void format_list(char text[CELL_LEN], const json_t *list)
{
	_cleanup_(freep) char *json = json_dumps(list, JSON_COMPACT | JSON_ENCODE_ANY);

	if (json && strlen(json) < LIST_LEN)
		strcpy(text, json);
	else
		snprintf(text, LIST_LEN, "%.*s...", LIST_LEN - 4, json ?: "");
}

static void format_number(char text[CELL_LEN], const char *path, json_int_t number)
{
	if (number >= 0 && ends_with(path, "_ns"))
		format_ns(text, number);
	else if (number >= 0 && ends_with(path, "_bytes"))
		format_bytes(text, number);
	else
		snprintf(text, CELL_LEN, "%" PRId64, (int64_t)number);
}

void cell_text(char text[CELL_LEN], const char *path, const json_t *leaf)
{
	if (json_is_string(leaf))
		snprintf(text, CELL_LEN, "%s", json_string_value(leaf));
	else if (cell_is_syscall(path, leaf))
		snprintf(text, CELL_LEN, "%s", kview_syscall_name(json_integer_value(leaf)));
	else if (json_is_integer(leaf))
		format_number(text, path, json_integer_value(leaf));
	else
		format_list(text, leaf);
}
