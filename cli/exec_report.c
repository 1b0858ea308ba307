// SPDX-License-Identifier: GPL-2.0-or-later
#include "exec_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "options.h"
#include "table.h"

static const char *scope_word(enum exec_scope scope)
{
	static const char *const words[] = {
		[EXEC_VIEW] = "view",
		[EXEC_KERNEL] = "process",
		[EXEC_FILTER] = "filter",
		[EXEC_MACHINE] = "machine",
	};

	return words[scope];
}

void exec_report_add(void *data, const struct exec_record *record)
{
	struct exec_report *report = data;

	if (!report->list)
		report->list = json_array();
	/* Without memory there is a line less. */
	json_array_append_new(report->list,
			      json_pack("{s:s, s:s, s:b, s:s, s:I, s:s?}", "hook", record->hook, "program",
					record->program, "attached", !record->reason, "scope",
					scope_word(record->scope), "hooks", (json_int_t)record->hooks, "reason",
					record->reason));
}

static void print_table(const json_t *list)
{
	_cleanup_(table_freep) struct table *table = table_new();
	const char *hook, *program, *scope, *reason;
	json_int_t hooks;
	json_t *item;
	size_t i;

	if (!table)
		return;
	table_column(table, TABLE_LEFT, "hook");
	table_column(table, TABLE_LEFT, "program");
	table_column(table, TABLE_LEFT, "for");
	table_column(table, TABLE_RIGHT, "places");
	table_column(table, TABLE_LEFT, "");
	json_array_foreach((json_t *)list, i, item) {
		if (json_unpack(item, "{s:s, s:s, s:s, s:I}", "hook", &hook, "program", &program, "scope", &scope, "hooks",
				&hooks))
			continue;
		reason = json_string_value(json_object_get(item, "reason"));
		table_cell(table, "%s", hook);
		table_cell(table, "%s", program);
		table_cell(table, "%s", reason ? "-" : scope);
		table_cell(table, "%" JSON_INTEGER_FORMAT, hooks);
		table_cell(table, "%s%s", reason ? "refused: " : "", reason ?: "");
	}
	table_print(table, stdout, 0);
}

void exec_report_print(const struct exec_report *report, bool json)
{
	_cleanup_(json_decrefp) json_t *none = json_array();
	const json_t *list = report->list ?: none;

	if (json)
		cli_print_document(stdout, list);
	else if (json_array_size(list))
		print_table(list);
	else
		puts("nothing attached");
}

void exec_report_deinit(struct exec_report *report)
{
	json_decref(report->list);
}
