// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_ask_print.h"

#include <errno.h>
#include <string.h>

#include "options.h"
#include "scope.h"
#include "table.h"

static json_int_t integer(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static const char *string(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name)) ?: "";
}

int guard_json_print(FILE *out, const json_t *answer)
{
	return cli_print_document(out, answer);
}

int guard_status_print(FILE *out, const json_t *answer)
{
	const json_t *counters = json_object_get(answer, "counters"), *saved = json_object_get(answer, "saved_ago");
	const json_t *value;
	const char *name;

	fprintf(out, "guards      %s, for %.0f s\n", string(answer, "scope"),
		json_real_value(json_object_get(answer, "uptime")));
	fprintf(out,
		"profiles    %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT " normal\n",
		integer(answer, "profiles"), integer(answer, "profiles_max"), integer(answer, "normal"));
	fprintf(out, "tasks       %" JSON_INTEGER_FORMAT "\n", integer(answer, "tasks"));
	fprintf(out, "alarms      %" JSON_INTEGER_FORMAT ", of %" JSON_INTEGER_FORMAT " anomalies\n",
		integer(answer, "alarms"), integer(answer, "anomalies"));
	if (integer(answer, "suppressed"))
		fprintf(out,
			"suppressed  %" JSON_INTEGER_FORMAT
			": alarms, responses and new programs not told one by one\n",
			integer(answer, "suppressed"));
	if (json_is_true(json_object_get(answer, "saving_fails")))
		fprintf(out,
			"UNSAVED     what is new cannot be saved: %" JSON_INTEGER_FORMAT
			" events wait, %" JSON_INTEGER_FORMAT " were given up\n",
			integer(answer, "unsaved_events"), integer(answer, "lost_events"));
	if (json_is_real(saved))
		fprintf(out, "saved       %.0f s ago\n", json_real_value(saved));
	else
		fprintf(out, "saved       not yet\n");
	json_object_foreach((json_t *)counters, name, value)
		if (json_integer_value(value) && strcmp(name, "profiles") && strcmp(name, "blocks"))
			fprintf(out, "%-11s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
	return ferror(out) ? -EIO : 0;
}

int guard_metrics_print(FILE *out, const json_t *answer)
{
	return fputs(string(answer, "text"), out) < 0 ? -EIO : 0;
}

struct column {
	const char *name, *title;
	enum table_align align;
};

static int print_list(FILE *out, const json_t *list, const struct column *columns, size_t count)
{
	_cleanup_(table_freep) struct table *table = table_new();
	const json_t *row, *value;
	size_t i, k;

	if (!table)
		return -ENOMEM;
	for (k = 0; k < count; k++)
		table_column(table, columns[k].align, columns[k].title);
	json_array_foreach(list, i, row)
		for (k = 0; k < count; k++) {
			value = json_object_get(row, columns[k].name);
			if (json_is_string(value))
				table_cell(table, "%s", json_string_value(value));
			else
				table_cell(table, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		}
	return table_print(table, out, 0);
}

int guard_tasks_print(FILE *out, const json_t *answer)
{
	static const struct column columns[] = {
		{ "pid", "PID", TABLE_RIGHT },
		{ "tid", "TID", TABLE_RIGHT },
		{ "comm", "COMMAND", TABLE_LEFT },
		{ "calls", "CALLS", TABLE_RIGHT },
		{ "anomalies", "ANOMALIES", TABLE_RIGHT },
		{ "lfc", "LFC", TABLE_RIGHT },
		{ "max_lfc", "MAX", TABLE_RIGHT },
		{ "program", "PROGRAM", TABLE_LEFT },
	};

	return print_list(out, json_object_get(answer, "tasks"), columns, sizeof(columns) / sizeof(columns[0]));
}

static const struct column profile_columns[] = {
	{ "number", "NR", TABLE_RIGHT },
	{ "program", "PROGRAM", TABLE_LEFT },
	{ "state", "STATE", TABLE_LEFT },
	{ "calls", "CALLS", TABLE_RIGHT },
	{ "distinct_calls", "DISTINCT", TABLE_RIGHT },
	{ "anomalies", "ANOMALIES", TABLE_RIGHT },
	{ "alarms", "ALARMS", TABLE_RIGHT },
	{ "respond", "RESPOND", TABLE_LEFT },
};

#define PROFILE_COLUMNS (sizeof(profile_columns) / sizeof(profile_columns[0]))

int guard_profile_list_print(FILE *out, const json_t *answer)
{
	return print_list(out, json_object_get(answer, "profiles"), profile_columns, PROFILE_COLUMNS);
}

int guard_profile_print(FILE *out, const json_t *answer)
{
	_cleanup_(json_decrefp) json_t *list = json_pack("[O]", answer);
	const json_t *name;
	size_t i;
	int err;

	err = list ? print_list(out, list, profile_columns, PROFILE_COLUMNS) : -ENOMEM;
	if (err)
		return err;
	fprintf(out, "pairs: %zu accepted, %zu recent\ncalls:", json_array_size(json_object_get(answer, "accepted")),
		json_array_size(json_object_get(answer, "recent")));
	json_array_foreach(json_object_get(answer, "call_names"), i, name)
		fprintf(out, " %s", json_string_value(name));
	fputc('\n', out);
	return ferror(out) ? -EIO : 0;
}
