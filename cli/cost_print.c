// SPDX-License-Identifier: GPL-2.0-or-later
/* `kview cost` for people. */
#include "cost.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "format.h"
#include "table.h"

static const char *text(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name)) ?: "";
}

static int64_t number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

/* Times of less than ten nanoseconds with a decimal: that is where differences begin to be seen. */
static const char *format_time(char buf[FORMAT_LEN], const json_t *value)
{
	double ns = json_number_value(value);
	char size[FORMAT_LEN];

	if (!value)
		return "-";
	if (fabs(ns) < 10)
		snprintf(buf, FORMAT_LEN, "%.1f ns", ns);
	else
		snprintf(buf, FORMAT_LEN, "%s%.20s", ns < 0 ? "-" : "", format_ns(size, (uint64_t)(fabs(ns) + 0.5)));
	return buf;
}

static void put_times(struct table *table, const json_t *row)
{
	char buf[FORMAT_LEN];

	table_cell(table, "%.0f", json_number_value(json_object_get(row, "hits_per_second")));
	table_cell(table, "%s", format_time(buf, json_object_get(row, "program_ns")));
	table_cell(table, "%s", format_time(buf, json_object_get(row, "hook_ns")));
	table_cell(table, "%.3f %%", 100 * json_number_value(json_object_get(row, "load")));
}

static void put_time_titles(struct table *table)
{
	static const char *const titles[] = { "HITS/S", "PROGRAM", "HOOK", "LOAD" };
	size_t i;

	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		table_column(table, TABLE_RIGHT, titles[i]);
}

static void put_view_row(struct table *table, const json_t *row)
{
	table_cell(table, "%" PRId64, number(row, "view"));
	table_cell(table, "%s", text(row, "name"));
	table_cell(table, "%" PRId64, number(row, "members"));
	table_cell(table, "%s", text(row, "program"));
	table_cell(table, "%s %s", text(row, "kind"), text(row, "hook"));
	put_times(table, row);
}

static int print_views(const json_t *rows, double load, FILE *out)
{
	_cleanup_(table_freep) struct table *table = table_new();
	json_t *row;
	size_t i;

	if (!json_array_size(rows)) {
		fputs("no views\n", out);
		return 0;
	}
	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_RIGHT, "VIEW");
	table_column(table, TABLE_LEFT, "NAME");
	table_column(table, TABLE_RIGHT, "MEMBERS");
	table_column(table, TABLE_LEFT, "PROGRAM");
	table_column(table, TABLE_LEFT, "ATTACHED TO");
	put_time_titles(table);
	json_array_foreach((json_t *)rows, i, row)
		put_view_row(table, row);
	fprintf(out, "views: their members pay, together %.3f %% of a processor\n", 100 * load);
	return table_print(table, out, 2);
}

static void put_holder(struct table *table, const json_t *row)
{
	const json_t *holder = json_object_get(row, "holder");

	if (holder)
		table_cell(table, "%s/%" PRId64, text(holder, "comm"), number(holder, "pid"));
	else
		table_cell(table, "-");
}

/* Where a program is attached: the first place, and how many others. Without a link: what its type says. */
static void put_places(struct table *table, const json_t *row)
{
	const json_t *places = json_object_get(row, "places");
	size_t count = json_array_size(places);

	if (!count)
		table_cell(table, "%s", text(row, "type"));
	else if (count == 1)
		table_cell(table, "%s", json_string_value(json_array_get(places, 0)));
	else
		table_cell(table, "%s and %zu more", json_string_value(json_array_get(places, 0)), count - 1);
}

static int print_programs(const json_t *rows, double load, FILE *out)
{
	_cleanup_(table_freep) struct table *table = table_new();
	json_t *row;
	size_t i;

	if (!json_array_size(rows)) {
		fputs("\nno ordinary attachments\n", out);
		return 0;
	}
	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_RIGHT, "ID");
	table_column(table, TABLE_LEFT, "PROGRAM");
	table_column(table, TABLE_LEFT, "HELD BY");
	table_column(table, TABLE_LEFT, "ATTACHED TO");
	put_time_titles(table);
	json_array_foreach((json_t *)rows, i, row) {
		table_cell(table, "%" PRId64, number(row, "id"));
		table_cell(table, "%s", text(row, "name"));
		put_holder(table, row);
		put_places(table, row);
		put_times(table, row);
	}
	fprintf(out, "\nordinary attachments: everybody pays, together %.3f %% of a processor\n", 100 * load);
	return table_print(table, out, 2);
}

/* What was measured there when it is attached in that way; NULL: nothing. */
static const json_t *find_measured(const json_t *hooks, const char *attached, const char *place)
{
	json_t *hook;
	size_t i;

	json_array_foreach((json_t *)hooks, i, hook)
		if (!strcmp(text(hook, "attached"), attached) && (!place || !strcmp(text(hook, "place"), place)))
			return hook;
	return NULL;
}

static const char *format_instructions(char buf[FORMAT_LEN], const json_t *value)
{
	if (!value)
		return "-";
	snprintf(buf, FORMAT_LEN, "%.1f", json_number_value(value));
	return buf;
}

/* The difference that matters: that of those who are not traced. */
static void print_others(const json_t *hooks, FILE *out)
{
	const json_t *other = find_measured(hooks, "other", NULL), *instructions = json_object_get(other, "instructions");
	char ns[FORMAT_LEN], count[FORMAT_LEN];

	if (!other)
		return;
	fprintf(out, "  all that can be in a view, in one of another process: %s", format_time(ns, json_object_get(other, "ns")));
	if (instructions)
		fprintf(out, ", %s instructions", format_instructions(count, instructions));
	fputc('\n', out);
}

static void print_call(const json_t *measured, FILE *out)
{
	const json_t *instructions = json_object_get(measured, "instructions");
	char ns[FORMAT_LEN], noise[FORMAT_LEN], count[FORMAT_LEN];

	fprintf(out, "\nhooks: what %s() of %s", text(measured, "syscall"), format_time(ns, json_object_get(measured, "ns")));
	if (instructions)
		fprintf(out, ", %s instructions,", format_instructions(count, instructions));
	fprintf(out, " takes more with one, within %s\n", format_time(noise, json_object_get(measured, "noise_ns")));
	if (!instructions)
		fprintf(out, "  instructions: not available: %s\n", text(measured, "no_instructions"));
}

static void put_prices(struct table *table, const json_t *hooks, const char *place, bool counted)
{
	static const char *const ways[] = { "ordinary", "member" };
	char buf[FORMAT_LEN];
	const json_t *hook;
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		hook = find_measured(hooks, ways[i], place);
		table_cell(table, "%s", format_time(buf, json_object_get(hook, "ns")));
		if (counted)
			table_cell(table, "%s", format_instructions(buf, json_object_get(hook, "instructions")));
	}
}

/* Each place has its row where it comes first. */
static void put_places_measured(struct table *table, const json_t *hooks, bool counted)
{
	const char *place;
	json_t *hook;
	size_t i;

	json_array_foreach((json_t *)hooks, i, hook) {
		place = text(hook, "place");
		if (!strcmp(text(hook, "attached"), "other"))
			continue;
		if (!strcmp(text(hook, "attached"), "member") && find_measured(hooks, "ordinary", place))
			continue;
		table_cell(table, "%s", place);
		put_prices(table, hooks, place, counted);
	}
}

static int print_measured(const json_t *measured, FILE *out)
{
	const json_t *hooks = json_object_get(measured, "hooks");
	_cleanup_(table_freep) struct table *table = table_new();
	bool counted = json_object_get(measured, "instructions");

	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_LEFT, "EMPTY PROGRAM AT");
	table_column(table, TABLE_RIGHT, "ORDINARY");
	if (counted)
		table_column(table, TABLE_RIGHT, "INSTRUCTIONS");
	table_column(table, TABLE_RIGHT, "IN A VIEW");
	if (counted)
		table_column(table, TABLE_RIGHT, "INSTRUCTIONS");
	put_places_measured(table, hooks, counted);
	print_call(measured, out);
	print_others(hooks, out);
	return table_print(table, out, 2);
}

int cost_print(const json_t *json, FILE *out)
{
	const json_t *measured = json_object_get(json, "measured");
	int err;

	err = print_views(json_object_get(json, "views"), json_number_value(json_object_get(json, "members_load")), out) ?:
	      print_programs(json_object_get(json, "programs"), json_number_value(json_object_get(json, "everybody_load")), out);
	return err || !measured ? err : print_measured(measured, out);
}
