// SPDX-License-Identifier: GPL-2.0-or-later
/* `kview guard replay` for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guard.h"
#include "scope.h"
#include "table.h"

static int64_t number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static const char *text(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

/* "93.5 %", or "-" where there is no rate. */
static void put_rate(struct table *table, const json_t *json, const char *name)
{
	const json_t *rate = json_object_get(json, name);

	if (json_is_number(rate))
		table_cell(table, "%.2f %%", 100 * json_number_value(rate));
	else
		table_cell(table, "-");
}

static void print_counts(const char *what, const json_t *counts)
{
	if (json_is_integer(counts))
		printf(", %" JSON_INTEGER_FORMAT " %s", json_integer_value(counts), what);
	else
		printf(", %s: %" PRId64 " to train, %" PRId64 " normal, %" PRId64 " of attacks", what,
		       number(counts, "train"), number(counts, "normal"), number(counts, "attack"));
}

static void print_head(const json_t *set)
{
	double seconds = json_number_value(json_object_get(set, "cpu_seconds"));
	const char *rule = text(set, "rule");

	printf("%s\n", text(set, "name"));
	printf("  %s%s%s, %" PRId64 " calls", text(set, "model"), rule ? " by rule " : "", rule ?: "",
	       number(set, "calls"));
	print_counts("processes", json_object_get(set, "processes"));
	if (seconds > 0.1)
		printf(", %.1f million calls/s", number(set, "calls") / seconds / 1e6);
	puts("");
}

static void put_normal(struct table *table, const json_t *profile)
{
	const json_t *normal = json_object_get(profile, "normal_after");

	if (json_is_null(normal))
		table_cell(table, "never");
	else
		table_cell(table, "%" PRId64 " calls, %" PRId64 " processes; then new in < %.1f %% of spans",
			   number(normal, "calls"), number(normal, "processes"),
			   100 * json_number_value(json_object_get(normal, "expected_rate")));
}

static void put_alarm(struct table *table, const json_t *profile)
{
	const json_t *alarm = json_object_get(profile, "alarm_after");

	if (alarm)
		table_cell(table, "after %" PRId64 " processes", number(alarm, "processes"));
	else
		table_cell(table, "-");
}

static int print_profiles(const json_t *set)
{
	const json_t *profiles = json_object_get(set, "profiles"), *profile;
	_cleanup_(table_freep) struct table *table = table_new();
	size_t i;

	if (!table)
		return -ENOMEM;
	if (!json_is_integer(json_object_get(json_array_get(profiles, 0), "distinct_calls")))
		return 0;
	table_column(table, TABLE_LEFT, "PROFILE");
	table_column(table, TABLE_RIGHT, "CALLS");
	table_column(table, TABLE_RIGHT, "DISTINCT");
	table_column(table, TABLE_RIGHT, "ANOMALIES");
	table_column(table, TABLE_LEFT, "ALARM");
	table_column(table, TABLE_LEFT, "NORMAL BY ITS RULE AFTER");
	json_array_foreach(profiles, i, profile) {
		table_cell(table, "%s", *text(profile, "name") ? text(profile, "name") : "(all)");
		table_cell(table, "%" PRId64, number(profile, "calls"));
		table_cell(table, "%" PRId64, number(profile, "distinct_calls"));
		table_cell(table, "%" PRId64, number(profile, "anomalies"));
		put_alarm(table, profile);
		put_normal(table, profile);
	}
	return table_print(table, stdout, 2);
}

static void put_criterion(struct table *table, const char *name, const json_t *found)
{
	table_cell(table, "%s", name);
	put_rate(table, found, "dr");
	table_cell(table, "%" PRId64, number(found, "attacks"));
	put_rate(table, found, "dr_processes");
	put_rate(table, found, "far");
	table_cell(table, "%" PRId64, number(found, "false_alarms"));
}

static int print_scores(const json_t *set)
{
	const json_t *criteria = json_object_get(set, "criteria"), *point,
		     *times = json_object_get(set, "calls_to_alarm");
	_cleanup_(table_freep) struct table *table = table_new();
	char name[32];
	size_t i;
	int err;

	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_LEFT, "FOUND BY");
	table_column(table, TABLE_RIGHT, "ATTACKS");
	table_column(table, TABLE_RIGHT, "");
	table_column(table, TABLE_RIGHT, "THEIR PROCESSES");
	table_column(table, TABLE_RIGHT, "FALSE ALARMS");
	table_column(table, TABLE_RIGHT, "");
	put_criterion(table, "alarm", json_object_get(criteria, "alarm"));
	json_array_foreach(json_object_get(set, "thresholds"), i, point) {
		snprintf(name, sizeof(name), number(point, "lfc") ? "LFC > %" PRId64 : "any anomaly",
			 number(point, "lfc"));
		put_criterion(table, name, point);
	}
	err = table_print(table, stdout, 2);
	if (json_is_number(json_object_get(set, "auc")))
		printf("  area under the curve %.4f", json_number_value(json_object_get(set, "auc")));
	if (times)
		printf("; first alarm after %" PRId64 " to %" PRId64 " calls of the process, median %" PRId64,
		       number(times, "least"), number(times, "most"), number(times, "median"));
	puts("");
	return err;
}

static void put_alarms(struct table *table, const json_t *alarms)
{
	char line[64] = "";
	const json_t *alarm;
	size_t i;

	json_array_foreach(alarms, i, alarm) {
		strcat(line, i ? ", " : "");
		strcat(line, json_string_value(alarm));
	}
	table_cell(table, "%s", *line ? line : "-");
}

/* Those that did something unknown. */
static int print_judged(const json_t *judged)
{
	_cleanup_(table_freep) struct table *table = table_new();
	const json_t *process;
	size_t i, shown = 0;

	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_LEFT, "TRACE");
	table_column(table, TABLE_RIGHT, "PID");
	table_column(table, TABLE_LEFT, "PROFILE");
	table_column(table, TABLE_RIGHT, "CALLS");
	table_column(table, TABLE_RIGHT, "ANOMALIES");
	table_column(table, TABLE_RIGHT, "MAX LFC");
	table_column(table, TABLE_RIGHT, "FIRST");
	table_column(table, TABLE_LEFT, "ALARMS");
	json_array_foreach(judged, i, process) {
		if (!number(process, "anomalies"))
			continue;
		shown++;
		table_cell(table, "%s", text(process, "trace"));
		table_cell(table, "%" PRId64, number(process, "pid"));
		table_cell(table, "%s", *text(process, "profile") ? text(process, "profile") : "(all)");
		table_cell(table, "%" PRId64, number(process, "calls"));
		table_cell(table, "%" PRId64, number(process, "anomalies"));
		table_cell(table, "%" PRId64, number(process, "max_lfc"));
		table_cell(table, "%" PRId64, number(process, "first_anomaly"));
		put_alarms(table, json_object_get(process, "alarms"));
	}
	printf("  %zu of %zu processes show anomalies\n", shown, json_array_size(judged));
	return shown ? table_print(table, stdout, 2) : 0;
}

int guard_replay_print(const json_t *set)
{
	const json_t *judged = json_object_get(set, "judged");
	int err;

	print_head(set);
	err = print_profiles(set);
	if (!err && json_object_get(set, "criteria"))
		err = print_scores(set);
	if (!err && judged)
		err = print_judged(judged);
	return err;
}
