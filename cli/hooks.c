// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "scope.h"
#include "table.h"

/* A list that is being filled by a walk over a view. */
struct walk {
	struct kview *view;
	json_t *list;
};

int hooks_add_counts(json_t *json, const struct kview_counts *counts, enum kview_mode mode)
{
	bool view = mode == KVIEW_MODE_VIEW;

	if (json_object_set_new(json, "runs", json_integer(counts->runs)) ||
	    json_object_set_new(json, "missed", json_integer(counts->missed)) ||
	    json_object_set_new(json, view ? "skipped" : "rejected",
				json_integer(view ? counts->skipped : counts->rejected)))
		return -ENOMEM;
	return 0;
}

static int add_hook(const struct kview_hook *hook, void *data)
{
	struct walk *walk = data;
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:s, s:s}", "kind", kview_kind_name(hook->kind), "name", hook->name);
	if (!json || hooks_add_counts(json, &hook->counts, kview_mode(walk->view)))
		return -ENOMEM;
	return json_array_append(walk->list, json) ? -ENOMEM : 0;
}

static int add_link(struct kview_link *link, void *data)
{
	struct walk *walk = data, hooks = { .view = walk->view };
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct kview_counts counts;
	int err;

	err = kview_link_counts(link, &counts);
	if (err)
		return err;
	hooks.list = json_array();
	json = json_pack("{s:s, s:s}", "program", kview_link_program(link), "section", kview_link_section(link));
	if (!json || hooks_add_counts(json, &counts, kview_mode(walk->view)) ||
	    json_object_set_new(json, "hooks", hooks.list))
		return -ENOMEM;
	err = kview_each_hook(link, add_hook, &hooks);
	if (err)
		return err;
	return json_array_append(walk->list, json) ? -ENOMEM : 0;
}

json_t *hooks_read(struct kview *view)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	struct walk walk = { .view = view, .list = list };

	return list && !kview_each_link(view, add_link, &walk) ? TAKE_PTR(list) : NULL;
}

static const char *const counters[] = { "runs", "missed", "skipped", "rejected" };

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static void add_counter_columns(struct table *table, const json_t *hook)
{
	char title[16];
	size_t i, at;

	for (i = 0; i < COUNTERS; i++) {
		if (!json_object_get(hook, counters[i]))
			continue;
		for (at = 0; at <= strlen(counters[i]); at++)
			title[at] = toupper((unsigned char)counters[i][at]);
		table_column(table, TABLE_RIGHT, title);
	}
}

static void add_counters(struct table *table, const json_t *hook)
{
	const json_t *counter;
	size_t i;

	for (i = 0; i < COUNTERS; i++) {
		counter = json_object_get(hook, counters[i]);
		if (counter)
			table_cell(table, "%" PRId64, (int64_t)json_integer_value(counter));
	}
}

static void add_rows(struct table *table, const json_t *program)
{
	json_t *hook;
	size_t i;

	json_array_foreach(json_object_get(program, "hooks"), i, hook) {
		table_cell(table, "%s", json_string_value(json_object_get(program, "program")));
		table_cell(table, "%s", json_string_value(json_object_get(hook, "kind")));
		table_cell(table, "%s", json_string_value(json_object_get(hook, "name")));
		add_counters(table, hook);
	}
}

int hooks_print(const json_t *programs, FILE *out)
{
	_cleanup_(table_freep) struct table *table = table_new();
	json_t *program;
	size_t i;

	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_LEFT, "PROGRAM");
	table_column(table, TABLE_LEFT, "KIND");
	table_column(table, TABLE_LEFT, "HOOK");
	add_counter_columns(table, json_array_get(programs, 0));
	json_array_foreach((json_t *)programs, i, program)
		add_rows(table, program);
	return table_print(table, out, 0);
}

json_int_t hooks_missed(const json_t *programs)
{
	json_int_t missed = 0;
	json_t *program;
	size_t i;

	json_array_foreach((json_t *)programs, i, program)
		missed += json_integer_value(json_object_get(program, "missed"));
	return missed;
}
