// SPDX-License-Identifier: GPL-2.0-or-later
/* kview guard events: what happened, and what happens. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "guard.h"
#include "guard_ask.h"
#include "guard_events.h"
#include "guard_server.h"
#include "scope.h"

struct events {
	struct guard_ask ask; /* first: see cli_parse() */
	const char *profile;
	double since; /* seconds since 1970; 0: from the beginning */
	bool follow;
};

enum key {
	KEY_SINCE = GUARD_ASK_KEY_FIRST,
	KEY_PROFILE,
};

static const struct argp_option options[] = {
	{ "since", KEY_SINCE, "TIME", 0, "From then on: 90s, 10m, 2h or 7d ago, or 2026-11-22, 2026-11-22 10:30", 1 },
	{ "profile", KEY_PROFILE, "PROFILE", 0, "Of this program: its path or name", 1 },
	{ "follow", 'F', NULL, 0, "What happens from now on, too; without --since nothing else", 1 },
	{},
};

/* "2h": before now. NAN: it is none of these. */
static double parse_ago(const char *word)
{
	static const struct {
		char unit;
		double seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char *end;
	double value = strtod(word, &end);
	size_t i;

	if (end == word || !*end || end[1] || !(value >= 0 && value <= 1e9))
		return NAN;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == *end)
			return fmax(time(NULL) - value * units[i].seconds, 0);
	return NAN;
}

static double parse_date(const char *word)
{
	static const char *const formats[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d" };
	const char *end;
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm local = { .tm_isdst = -1 };

		end = strptime(word, formats[i], &local);
		if (end && !*end)
			return fmax(mktime(&local), 0);
	}
	return NAN;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct events *events = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &events->ask;
		return 0;
	case KEY_SINCE:
		events->since = parse_ago(arg);
		if (isnan(events->since))
			events->since = parse_date(arg);
		if (isnan(events->since))
			cli_usage("guard events: --since %s: expected a time, as 90s, 10m, 2h, 7d or 2026-11-22 10:30",
				  arg);
		return 0;
	case KEY_PROFILE:
		events->profile = arg;
		return 0;
	case 'F':
		events->follow = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* As the server compares them. */
static bool is_wanted(const struct events *events, const json_t *event)
{
	const char *program = json_string_value(json_object_get(event, "program")) ?: "";
	const char *name = strrchr(program, '/');

	return !events->profile || !strcmp(program, events->profile) || (name && !strcmp(name + 1, events->profile));
}

/* One answer after the other; *ret_last: no later event than this one was looked at. */
static int print_kept(struct events *events, json_int_t *ret_last)
{
	json_int_t after = 0;
	bool more = true;
	int code = CLI_OK, err = 0;

	while (!code && more) {
		_cleanup_(json_decrefp) json_t *answer = NULL;
		const json_t *list, *event;
		size_t i;

		code = guard_ask_for(&events->ask,
				     json_pack("{s:s, s:f, s:I, s:s*}", "do", "history", "since", events->since,
					       "after", after, "profile", events->profile),
				     &answer);
		list = json_object_get(answer, "events");
		json_array_foreach(list, i, event) {
			after = json_integer_value(json_object_get(event, "id"));
			err = err ?: guard_event_print(stdout, event, events->ask.shared.json);
		}
		*ret_last = json_integer_value(json_object_get(answer, "last"));
		more = json_is_true(json_object_get(answer, "more")) && json_array_size(list);
		if (err)
			return cli_fail(err, NULL, "%s", events->ask.command);
	}
	return code;
}

/* What was kept after @after is told once more by the guard, so that nothing is left out between the two. */
static int follow(struct events *events, json_int_t after)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	json_t *event;
	int code, err = 0;

	code = guard_ask_for(&events->ask,
			     json_pack("{s:s, s:o*}", "do", "events", "after", after < 0 ? NULL : json_integer(after)),
			     &answer);
	if (code)
		return code;
	while (!err && (event = guard_ask_read(&events->ask))) {
		if (json_object_get(event, "missed") || is_wanted(events, event))
			err = guard_event_print(stdout, event, events->ask.shared.json);
		json_decref(event);
	}
	return err ? cli_fail(err, NULL, "%s", events->ask.command) : CLI_OK;
}

static void events_deinit(struct events *events)
{
	guard_ask_deinit(&events->ask);
}

static int cmd_events(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &guard_ask_argp }, {} };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.args_doc = "",
		.doc = "What the guard has told: alarms, responses, changes of profiles, and what operators did. With "
		       "--follow also single anomalies, which are not kept, until the guard ends or Ctrl-C.",
	};
	_cleanup_(events_deinit) struct events events = { .ask.command = argv[0], .ask.socket = GUARD_SOCKET };
	json_int_t last = -1; /* none of what is kept */
	int code = CLI_OK;

	cli_parse(&argp, argc, argv, &events);
	if (events.ask.argument_count)
		cli_usage("%s: expected no argument", events.ask.command);
	if (!events.follow || events.since)
		code = print_kept(&events, &last);
	return code || !events.follow ? code : follow(&events, last);
}

const struct cli_command cli_guard_events = { "events", "alarms, responses and what operators did", cmd_events };
