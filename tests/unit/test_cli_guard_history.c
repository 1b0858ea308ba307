// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guard's service keeps, tells and counts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard_service.h"
#include "unit.h"

/* From the first call to an alarm, what happened is there, in order, also for the next service. */
static void kept(void **state)
{
	static const char *const want[] = { "started", "new", "operator", "call", "ended", "started" };
	struct service *service = *state;
	json_t *events, *event;
	size_t i;

	service_name_profile(service, SERVER);
	service_run_server(service, 10);
	machine_exec(service->machine, 11, "/srv/nowhere/other");
	service_take(service);
	service_command(service, "normalize", "server");
	machine_exec(service->machine, 12, SERVER);
	machine_call(service->machine, 12, 99);
	service_take(service);
	assert_int_equal(guard_state_end(&service->state), 0);
	service_end(service);
	service_begin(service);
	events = service_events(service, json_pack("{}"));
	assert_int_equal(json_array_size(events), COUNT(want));
	json_array_foreach(events, i, event) {
		assert_string_equal(json_string_value(json_array_get(json_object_get(event, "events"), 0)), want[i]);
		assert_int_equal(json_integer_value(json_object_get(event, "id")), i + 1);
		assert_true(fabs(json_real_value(json_object_get(event, "time")) - time(NULL)) < 3600);
	}
	event = json_array_get(events, 2);
	assert_string_equal(json_string_value(json_object_get(event, "action")), "normalize");
	assert_string_equal(json_string_value(json_object_get(event, "by")), "user 0");
	assert_string_equal(json_string_value(json_object_get(event, "program")), SERVER);
	event = json_array_get(events, 3);
	assert_int_equal(json_integer_value(json_object_get(event, "pid")), 12);
	assert_string_equal(json_string_value(json_object_get(event, "call")), "sysinfo");
	json_decref(events);
}

static void asked(void **state)
{
	struct service *service = *state;
	json_t *events, *answer;
	int i;

	service_name_profile(service, SERVER);
	for (i = 0; i < 20; i++)
		service_command(service, i % 2 ? "train" : "normalize", SERVER);
	assert_int_equal(guard_state_tick(&service->state), 0); /* half of them on disk */
	for (i = 0; i < 20; i++)
		service_command(service, i % 2 ? "train" : "normalize", "server");
	events = service_events(service, json_pack("{s:i, s:i}", "after", 15, "limit", 10));
	assert_int_equal(json_array_size(events), 10);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 9), "id")), 25);
	json_decref(events);
	events = service_events(service, json_pack("{s:b, s:i}", "newest", 1, "limit", 30));
	assert_int_equal(json_array_size(events), 30);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "id")), 12);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 29), "id")), 41);
	json_decref(events);
	events = service_events(service, json_pack("{s:s}", "profile", "server"));
	assert_int_equal(json_array_size(events), 40);
	json_decref(events);
	events = service_events(service, json_pack("{s:s}", "profile", "erver"));
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
	events = service_events(service, json_pack("{s:f}", "since", time(NULL) + 7200.0));
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
	answer = service_ask(service, &service_guest, json_pack("{s:s, s:i}", "do", "history", "limit", 0));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), "limit: expected"));
	json_decref(answer);
	answer = service_ask(service, &service_guest, json_pack("{s:s, s:s}", "do", "reset", "profile", SERVER));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), "only root"));
	json_decref(answer);
	assert_int_equal(service_count_word(service, "operator"), 40); /* nothing was done, nothing is told */
}

/* Not more than were asked for, and none that are too old; numbers go on. */
static void bounded(void **state)
{
	struct service *service = *state;
	json_t *events;
	int i;

	service_end(service);
	service->history.count = 50;
	service_begin(service);
	service_name_profile(service, SERVER);
	for (i = 0; i < 200; i++) {
		service_command(service, "train", SERVER);
		if (i % 7 == 0)
			assert_int_equal(guard_state_tick(&service->state), 0);
	}
	assert_int_equal(guard_state_tick(&service->state), 0);
	events = service_events(service, json_pack("{}"));
	assert_int_equal(json_array_size(events), 50);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "id")),
			 152); /* 200, and the beginning */
	json_decref(events);
	service_end(service);
	service->history.days = -1; /* until tomorrow */
	service_begin(service);
	assert_int_equal(guard_state_tick(&service->state), 0);
	assert_int_equal(service_count_word(service, "operator"), 0);
	service_end(service);
	service->history.days = 0;
	service_begin(service);
	events = service_events(service, json_pack("{}"));
	assert_int_equal(json_array_size(events), 1);
	assert_true(json_integer_value(json_object_get(json_array_get(events, 0), "id")) > 201);
	json_decref(events);
}

/* A program that does nothing but odd things is not all one reads about. */
static void limited(void **state)
{
	struct service *service = *state;
	json_t *events, *event;
	uint32_t i;

	service_name_profile(service, SERVER);
	service_name_profile(service, "/srv/nowhere/calm");
	service_run_server(service, 10);
	service_command(service, "normalize", SERVER);
	service_command(service, "normalize", "/srv/nowhere/calm");
	for (i = 0; i < 100; i++)
		service_run_odd(service, 100 + i, SERVER, 60); /* each: a first-ever call, then too many anomalies */
	service_run_odd(service, 300, "/srv/nowhere/calm", 60);
	service_take(service);
	assert_int_equal(service_count_word(service, "suppressed"), 0); /* the minute is not over */
	assert_true(service_number(service, "suppressed") >= 190);
	assert_true(service_number(service, "alarms") >= 200);
	events = service_events(service, json_pack("{s:s}", "profile", SERVER));
	assert_int_equal(json_array_size(events), 1 + GUARD_LIMIT_PER_MINUTE);
	json_decref(events);
	events = service_events(service, json_pack("{s:s}", "profile", "calm"));
	assert_in_range(json_array_size(events), 2, 4);
	json_decref(events);
	machine_sleep(service->machine, 61);
	assert_int_equal(guard_state_tick(&service->state), 0);
	events = service_events(service, json_pack("{s:b, s:i}", "newest", 1, "limit", 1));
	event = json_array_get(events, 0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(event, "events"), 0)), "suppressed");
	assert_int_equal(json_integer_value(json_object_get(event, "count")), service_number(service, "suppressed"));
	assert_string_equal(json_string_value(json_object_get(event, "program")), SERVER);
	json_decref(events);
	service_run_odd(service, 301, SERVER, 70);
	service_take(service);
	assert_true(service_count_word(service, "call") > GUARD_LIMIT_PER_MINUTE / 2); /* told again */
	assert_int_equal(guard_state_tick(&service->state), 0);
	assert_int_equal(service_count_word(service, "suppressed"), 1);
}

static double metric(struct service *service, const char *name)
{
	json_t *answer = service_ask(service, &service_guest, json_pack("{s:s}", "do", "metrics"));
	const char *text = json_string_value(json_object_get(answer, "text")), *line;
	char wanted[128];
	double value;

	snprintf(wanted, sizeof(wanted), "\n%s ", name);
	assert_non_null(text);
	line = strstr(text, wanted);
	if (!line)
		fail_msg("no %s in %s", name, text);
	value = strtod(line + strlen(wanted), NULL);
	json_decref(answer);
	return value;
}

static void metrics(void **state)
{
	struct service *service = *state;
	int i;

	service_name_profile(service, SERVER);
	service_run_server(service, 10);
	service_command(service, "normalize", SERVER);
	for (i = 0; i < 20; i++)
		service_run_odd(service, 100 + i, SERVER, 60);
	machine_exec(service->machine, 11, "/srv/nowhere/other");
	service_take(service);
	assert_true(metric(service, "kview_guard_profiles") == 2);
	assert_true(metric(service, "kview_guard_profiles_normal") == 1);
	assert_true(metric(service, "kview_guard_tasks") == 1);
	assert_true(metric(service, "kview_guard_lost_events_total") == 0);
	assert_true(metric(service, "kview_guard_saving_fails") == 0);
	assert_true(metric(service, "kview_guard_profile_normal{program=\"" SERVER "\"}") == 1);
	assert_true(metric(service, "kview_guard_profile_normal{program=\"other (2)\"}") == 0);
	assert_true(metric(service, "kview_guard_profile_calls{program=\"" SERVER "\"}") == 3000 + 20 * 60);
	assert_true(metric(service, "kview_guard_alarms_total") ==
		    service_number(service, "suppressed") + GUARD_LIMIT_PER_MINUTE);
	assert_true(metric(service, "kview_guard_suppressed_total") == service_number(service, "suppressed"));
	assert_true(service_number(service, "suppressed") > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SERVICE_TEST(kept),
		SERVICE_TEST(asked),
		SERVICE_TEST(bounded),
		SERVICE_TEST(limited),
		SERVICE_TEST(metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
