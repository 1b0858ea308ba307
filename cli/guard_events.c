// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_events.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "guard.h"
#include "guard/score.h"
#include "options.h"
#include "scope.h"
#include "table.h"

struct word {
	uint32_t event;	  /* 0: not of the kernel */
	const char *name; /* in JSON */
	const char *text;
};

static const struct word words[] = {
	{ GUARD_ALARM_TASK, "task", "ALARM: too many anomalies in this task" },
	{ GUARD_ALARM_PROFILE, "profile", "ALARM: more processes with anomalies than usual" },
	{ GUARD_ALARM_CALL, "call", "ALARM: a call it never made before" },
	{ GUARD_KILLED, "killed", "killed" },
	{ GUARD_STOPPED, "stopped", "stopped" },
	{ GUARD_SLOWED, "slowed", "slowed" },
	{ GUARD_REFUSED_EXEC, "refused", "may start no program" },
	{ GUARD_BECAME_NORMAL, "normal", "is normal now" },
	{ GUARD_BECAME_TRAINING, "training", "trains again" },
	{ GUARD_NEW_PROFILE, "new", "new profile" },
	{ GUARD_ANOMALY, "anomaly", "anomaly" },
	{ 0, "replaced", "its file was replaced: trains again, from what was known" },
	{ 0, "suppressed", "alarms and responses not told one by one, there were too many" },
	{ 0, "operator", "told what to do" },
	{ 0, "started", "serves" },
	{ 0, "ended", "was told to end" },
	{ 0, "unsaved", "what is new cannot be saved" },
	{ 0, "saved", "what is new is saved again" },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

const char *guard_call_name(uint32_t call, char name[GUARD_CALL_NAME])
{
	static const char *const spaces[] = { "", "32:", "x32:", "io_uring:" };
	uint32_t space = call >> GUARD_SPACE_SHIFT, number = call & GUARD_NUMBER_MAX;
	const char *known = space == GUARD_SPACE_64 || space == GUARD_SPACE_X32 ? kview_syscall_name(number) : NULL;

	if (number == GUARD_NUMBER_MAX)
		known = "invalid";
	if (known)
		snprintf(name, GUARD_CALL_NAME, "%s%s", spaces[space % 4], known);
	else
		snprintf(name, GUARD_CALL_NAME, "%s%u", spaces[space % 4], number);
	return name;
}

double guard_wall_time(uint64_t boot_ns)
{
	struct timespec wall, boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return wall.tv_sec - boot.tv_sec + (wall.tv_nsec - boot.tv_nsec) / 1e9 + boot_ns / 1e9;
}

static bool has_call(const struct guard_record *record)
{
	return record->events & (GUARD_ANOMALY | GUARD_ALARM_CALL | GUARD_ALARM_TASK);
}

static double expected_rate(const struct guard_profile *profile)
{
	return guard_rate_bound(profile->normal_novel, profile->normal_spans);
}

json_t *guard_event_describe(const struct guard_record *record, const char *program,
			     const struct guard_profile *profile)
{
	_cleanup_(json_decrefp) json_t *events = json_array();
	json_t *json;
	char name[GUARD_CALL_NAME];
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (record->events & words[i].event)
			json_array_append_new(events, json_string(words[i].name));
	json = json_pack("{s:f, s:O, s:s, s:i, s:i, s:s, s:I, s:i}", "time", guard_wall_time(record->time), "events",
			 events, "program", program, "pid", (int)record->tgid, "tid", (int)record->tid, "comm",
			 record->comm, "calls", (json_int_t)record->calls, "lfc", (int)record->lfc);
	if (!json)
		return NULL;
	if (has_call(record))
		json_object_set_new(json, "call", json_string(guard_call_name(record->call, name)));
	if (profile && record->events & GUARD_BECAME_NORMAL)
		json_object_set_new(json, "expected_rate", json_real(expected_rate(profile)));
	return json;
}

/* --- events for people --- */

static const char *string(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name)) ?: "";
}

static json_int_t integer(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static const char *text_of(const char *word)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (!strcmp(words[i].name, word))
			return words[i].text;
	return word;
}

/* The time of day is enough today. */
static void print_time(FILE *out, const json_t *event)
{
	time_t seconds = json_number_value(json_object_get(event, "time")), now = time(NULL);
	struct tm then, today;
	char when[32];

	localtime_r(&seconds, &then);
	localtime_r(&now, &today);
	strftime(when, sizeof(when), then.tm_yday == today.tm_yday && then.tm_year == today.tm_year ? "%T" : "%F %T",
		 &then);
	fputs(when, out);
}

/* "victim[312]", "victim", or, of the guard itself, "guard" */
static void print_subject(FILE *out, const json_t *event)
{
	const char *program = string(event, "program");

	fprintf(out, "  %s", *program ? program : "guard");
	if (integer(event, "pid"))
		fprintf(out, "[%" JSON_INTEGER_FORMAT "]", integer(event, "pid"));
}

/* What comes with single words. */
static void print_details(FILE *out, const json_t *event)
{
	if (*string(event, "action"))
		fprintf(out, ": %s, by %s", string(event, "action"), string(event, "by"));
	if (json_object_get(event, "count"))
		fprintf(out, ": %" JSON_INTEGER_FORMAT, integer(event, "count"));
	if (*string(event, "reason"))
		fprintf(out, ": %s", string(event, "reason"));
	if (*string(event, "call"))
		fprintf(out, "  %s, its call %" JSON_INTEGER_FORMAT ", LFC %" JSON_INTEGER_FORMAT,
			string(event, "call"), integer(event, "calls"), integer(event, "lfc"));
	if (json_object_get(event, "expected_rate"))
		fprintf(out, ": anomalies expected in less than %.1f %% of spans",
			100 * json_number_value(json_object_get(event, "expected_rate")));
}

static void print_line(FILE *out, const json_t *event)
{
	const char *separator = "  ";
	const json_t *word;
	size_t i;

	if (json_object_get(event, "missed")) {
		fprintf(out, "%" JSON_INTEGER_FORMAT " events missed\n", integer(event, "missed"));
		return;
	}
	print_time(out, event);
	print_subject(out, event);
	json_array_foreach(json_object_get(event, "events"), i, word) {
		fprintf(out, "%s%s", separator, text_of(json_string_value(word) ?: ""));
		separator = ", ";
	}
	print_details(out, event);
	fputc('\n', out);
}

int guard_event_print(FILE *out, const json_t *event, bool json)
{
	int err = 0;

	if (json)
		err = cli_print_record(out, event);
	else
		print_line(out, event);
	if (!err && fflush(out))
		err = -errno;
	return err;
}

/* --- profiles --- */

static const char *state_name(const struct guard_profile *profile)
{
	return profile->normal ? "normal" : profile->frozen ? "frozen" : "training";
}

static int distinct_calls(const struct guard_profile *profile)
{
	return profile->id_count < GUARD_IDS ? profile->id_count : GUARD_IDS;
}

json_t *guard_profile_describe(const struct guard_profile *profile, const char *name)
{
	char respond[GUARD_RESPONSES_NAME];

	return json_pack("{s:s, s:s, s:s, s:I, s:i, s:I, s:i, s:i, s:i, s:i, s:o}", "program", name, "state",
			 state_name(profile), "respond", guard_responses_name(profile->response, respond), "calls",
			 (json_int_t)profile->calls_seen, "distinct_calls", distinct_calls(profile), "anomalies",
			 (json_int_t)profile->anomalies, "alarms", (int)profile->alarms, "lost", (int)profile->lost,
			 "untold", (int)profile->untold, "spans", (int)profile->spans, "expected_rate",
			 profile->normal ? json_real(expected_rate(profile)) : json_null());
}

json_t *guard_counters_describe(const struct guard_counters *counters)
{
	json_t *json = json_pack("{s:i, s:i}", "profiles", (int)counters->profiles, "blocks", (int)counters->blocks);
	const struct {
		const char *name;
		uint64_t value;
	} values[] = {
		{ "no_profile", counters->no_profile },
		{ "no_block", counters->no_block },
		{ "no_task", counters->no_task },
		{ "lost_events", counters->lost_events },
		{ "lost_frames", counters->lost_frames },
		{ "unmatched_returns", counters->unmatched_returns },
		{ "killed", counters->killed },
		{ "held", counters->held },
		{ "not_held", counters->not_held },
		{ "refused", counters->refused },
		{ "not_continued", counters->not_continued },
		{ "holders_died", counters->holders_died },
	};
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		json_object_set_new(json, values[i].name, json_integer(values[i].value));
	return json;
}

static int print_profiles_json(FILE *out, struct guard_programs *programs)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	const struct guard_profile *profile;
	json_t *list = json_array();
	uint32_t number;

	for (number = 1; (profile = guard_kernel_profile(programs->kernel, number)); number++)
		json_array_append_new(list, guard_profile_describe(profile, guard_programs_name(programs, number)));
	json = json_pack("{s:o, s:o}", "profiles", list, "counters",
			 guard_counters_describe(guard_kernel_counters(programs->kernel)));
	return json ? cli_print_record(out, json) : -ENOMEM;
}

static void put_profile(struct table *table, const struct guard_profile *profile, const char *name)
{
	table_cell(table, "%s", name);
	table_cell(table, "%s", state_name(profile));
	table_cell(table, "%" PRIu64, (uint64_t)profile->calls_seen);
	table_cell(table, "%d", distinct_calls(profile));
	table_cell(table, "%" PRIu64, (uint64_t)profile->anomalies);
	table_cell(table, "%u", profile->alarms);
}

static void print_losses(FILE *out, const struct guard_counters *counters)
{
	if (counters->no_profile || counters->no_task)
		fprintf(out, "%" PRIu64 " programs and %" PRIu64 " tasks were not guarded: no room\n",
			(uint64_t)counters->no_profile, (uint64_t)counters->no_task);
	if (counters->lost_events)
		fprintf(out, "%" PRIu64 " events were lost: they came too fast\n", (uint64_t)counters->lost_events);
}

int guard_profiles_print(FILE *out, struct guard_programs *programs, bool json)
{
	_cleanup_(table_freep) struct table *table = NULL;
	const struct guard_profile *profile;
	uint32_t number;
	int err;

	if (json)
		return print_profiles_json(out, programs);
	table = table_new();
	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_LEFT, "PROGRAM");
	table_column(table, TABLE_LEFT, "STATE");
	table_column(table, TABLE_RIGHT, "CALLS");
	table_column(table, TABLE_RIGHT, "DISTINCT");
	table_column(table, TABLE_RIGHT, "ANOMALIES");
	table_column(table, TABLE_RIGHT, "ALARMS");
	for (number = 1; (profile = guard_kernel_profile(programs->kernel, number)); number++)
		put_profile(table, profile, guard_programs_name(programs, number));
	err = table_print(table, out, 0);
	print_losses(out, guard_kernel_counters(programs->kernel));
	return err;
}
