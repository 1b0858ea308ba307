// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps for people: what maps_read() returned as tables, histograms and assignments. */
#include <inttypes.h>
#include <string.h>

#include "entries_print.h"
#include "histogram.h"
#include "maps.h"

/* Is the whole map one histogram: an array with a slot per bit, holding numbers? */
static bool is_histogram(const json_t *map)
{
	const json_t *first = json_array_get(json_object_get(map, "entries"), 0);

	return histogram_has_name(json_string_value(json_object_get(map, "name"))) &&
	       strstr(json_string_value(json_object_get(map, "type")), "array") &&
	       json_integer_value(json_object_get(map, "max_entries")) <= HISTOGRAM_SLOTS &&
	       json_is_integer(json_object_get(first, "value"));
}

static int print_histogram(const json_t *map, FILE *out)
{
	struct histogram histogram = {};
	json_int_t slot;
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(map, "entries"), i, entry) {
		slot = json_integer_value(json_object_get(entry, "key"));
		if (slot >= 0 && slot < HISTOGRAM_SLOTS)
			histogram.slots[slot] = json_integer_value(json_object_get(entry, "value"));
	}
	histogram_print(out, json_string_value(json_object_get(map, "name")), &histogram);
	return 0;
}

static void print_heading(const json_t *map, FILE *out)
{
	const json_t *entries = json_object_get(map, "entries");
	const char *type = json_string_value(json_object_get(map, "type"));
	json_int_t max = json_integer_value(json_object_get(map, "max_entries"));
	size_t count = json_array_size(entries);

	fprintf(out, "%s (%s", json_string_value(json_object_get(map, "name")), type);
	if (entries && strstr(type, "array"))
		fprintf(out, ", %zu of %" PRId64 " slots in use", count, (int64_t)max);
	else if (entries)
		fprintf(out, ", %zu %s", count, count == 1 ? "entry" : "entries");
	fputs(")\n", out);
}

/* The sections of global variables are maps only to those who know how BPF works inside. */
static int print_variables(const json_t *map, FILE *out)
{
	fprintf(out, "variables (%s)\n", json_string_value(json_object_get(map, "name")));
	return variables_print(json_object_get(map, "variables"), out);
}

static int print_map(const json_t *map, FILE *out)
{
	if (json_object_get(map, "variables"))
		return print_variables(map, out);
	print_heading(map, out);
	if (!json_object_get(map, "entries"))
		fprintf(out, "  %s\n", json_string_value(json_object_get(map, "note")));
	else if (is_histogram(map))
		return print_histogram(map, out);
	else
		return entries_print(map, out);
	return 0;
}

int maps_print(const json_t *maps, FILE *out)
{
	json_t *map;
	size_t i;
	int err;

	json_array_foreach((json_t *)maps, i, map) {
		if (i)
			fputc('\n', out);
		err = print_map(map, out);
		if (err)
			return err;
	}
	return 0;
}
