// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

const struct guard_asker service_root = { "user 0", true }, service_guest = { "user 1000", false };

void service_begin(struct service *service)
{
	service->machine = machine_new(&service->rule, PROFILES, PROFILES);
	if (guard_store_open(service->path, &service->store))
		fail_msg("%s", guard_store_reason(NULL));
	assert_int_equal(guard_programs_init(&service->programs, service->machine, service->store, service->spared), 0);
	service->state = (struct guard_state){
		.programs = &service->programs,
		.file = service->path,
		.scope = "machine",
		.limit.per_minute = service->state.limit.per_minute,
	};
	assert_int_equal(guard_state_init(&service->state, &service->history), 0);
}

void service_end(struct service *service)
{
	guard_state_deinit(&service->state);
	guard_programs_deinit(&service->programs);
	guard_store_close(service->store);
	machine_free(service->machine);
}

int service_setup(void **state)
{
	struct service *service = calloc(1, sizeof(*service));

	strcpy(service->folder, "/tmp/guard-serve-XXXXXX");
	assert_non_null(mkdtemp(service->folder));
	snprintf(service->path, sizeof(service->path), "%s/guard.db", service->folder);
	service->rule = (struct guard_rule)GUARD_RULE_DEFAULTS;
	service_begin(service);
	*state = service;
	return 0;
}

int service_teardown(void **state)
{
	struct service *service = *state;
	char command[64];

	service_end(service);
	snprintf(command, sizeof(command), "rm -rf %s", service->folder);
	assert_int_equal(system(command), 0);
	free(service);
	return 0;
}

static int take(void *data, void *record, size_t size)
{
	assert_int_equal(size, sizeof(struct guard_record));
	return guard_state_take(data, record);
}

void service_take(struct service *service)
{
	assert_int_equal(machine_take(service->machine, take, &service->state), 0);
}

void service_name_profile(struct service *service, const char *path)
{
	uint32_t number;

	assert_int_equal(guard_programs_find(&service->programs, path, &number), 0);
}

void service_run_server(struct service *service, uint32_t tgid)
{
	int i;

	machine_exec(service->machine, tgid, SERVER);
	for (i = 0; i < 3000; i++)
		machine_call(service->machine, tgid, i % 5 + i / 1000);
	machine_exit(service->machine, tgid);
}

void service_run_odd(struct service *service, uint32_t tgid, const char *path, uint32_t first)
{
	int i;

	machine_exec(service->machine, tgid, path);
	for (i = 0; i < 60; i++)
		machine_call(service->machine, tgid, first + i % 3);
	machine_exit(service->machine, tgid);
}

json_t *service_ask(struct service *service, const struct guard_asker *asker, json_t *request)
{
	json_t *answer =
		guard_answer(&service->state, json_string_value(json_object_get(request, "do")), request, asker);

	assert_non_null(answer);
	json_decref(request);
	return answer;
}

void service_command(struct service *service, const char *what, const char *profile)
{
	json_t *answer = service_ask(service, &service_root, json_pack("{s:s, s:s}", "do", what, "profile", profile));

	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("%s: %s", what, json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
}

json_int_t service_number(struct service *service, const char *name)
{
	json_t *answer = service_ask(service, &service_guest, json_pack("{s:s}", "do", "status"));
	const json_t *value = json_object_get(answer, name)
				      ?: json_object_get(json_object_get(answer, "counters"), name);
	json_int_t result = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);

	assert_non_null(value);
	json_decref(answer);
	return result;
}

json_t *service_events(struct service *service, json_t *request)
{
	json_t *answer, *events;

	json_object_set_new(request, "do", json_string("history"));
	answer = service_ask(service, &service_guest, request);
	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("history: %s", json_string_value(json_object_get(answer, "error")));
	events = json_incref(json_object_get(answer, "events"));
	json_decref(answer);
	return events;
}

size_t service_count_word(struct service *service, const char *word)
{
	json_t *events = service_events(service, json_pack("{}")), *event, *is;
	size_t i, k, count = 0;

	json_array_foreach(events, i, event)
		json_array_foreach(json_object_get(event, "events"), k, is)
			count += !strcmp(json_string_value(is), word);
	json_decref(events);
	return count;
}
