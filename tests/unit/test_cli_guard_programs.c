// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs under the guard's service: spared ones, replaced ones, and too many of them at a time. */
#include <stdio.h>
#include <string.h>

#include "guard_service.h"
#include "unit.h"

/* The server's alarms are answered by @words: what the answer is. */
static void set_response(struct service *service, const char *words, const char *want_error)
{
	json_t *answer =
		service_ask(service, &service_root, json_pack("{s:s, s:s, s:s}", "do", "set", "profile", SERVER, "respond", words));
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (want_error ? !error || !strstr(error, want_error) : error != NULL)
		fail_msg("set %s: %s, not %s", words, error ?: "ok", want_error ?: "ok");
	json_decref(answer);
}

static uint32_t response_of(struct service *service, const char *path)
{
	uint32_t number;

	assert_int_equal(guard_programs_find(&service->programs, path, &number), 0);
	return guard_kernel_profile(service->machine, number)->response;
}

/* What is spared when the guard starts stays so: whatever is saved or asked for, and for those in its place. */
static void spared(void **state)
{
	char *paths[] = { SERVER, NULL };
	struct service *service = *state;

	service_name_profile(service, SERVER);
	set_response(service, "dance", "expected any of");
	set_response(service, "refuse-exec", "without its BPF LSM");
	set_response(service, "kill,stop", NULL);
	assert_int_equal(response_of(service, SERVER), GUARD_RESPONSE_KILL | GUARD_RESPONSE_STOP);
	assert_int_equal(guard_state_end(&service->state), 0);
	service_end(service);

	service->spared = paths;
	service_begin(service);
	assert_int_equal(response_of(service, SERVER) & GUARD_RESPONSE_SPARED, GUARD_RESPONSE_SPARED);
	assert_int_equal(response_of(service, "/srv/nowhere/other"), 0);
	set_response(service, "kill", "started with --spare for it");
	set_response(service, "log", "started with --spare for it");
	assert_int_equal(response_of(service, SERVER) & GUARD_RESPONSE_SPARED, GUARD_RESPONSE_SPARED);
}

static void write_file(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static void make_usual_calls(struct service *service, uint32_t tgid)
{
	int i;

	for (i = 0; i < 100; i++)
		machine_call(service->machine, tgid, i % 5);
}

static void replace_file(struct service *service, const char *path)
{
	char new_path[64];

	snprintf(new_path, sizeof(new_path), "%s/program.new", service->folder);
	write_file(new_path);
	assert_int_equal(rename(new_path, path), 0);
}

/*
 * Another file at the path of a normal program: told, it has what was known, and trains; the old one is judged as
 * before.
 */
static void replaced(void **state)
{
	struct service *service = *state;
	struct guard_profile *profile;
	uint32_t sequences;
	char path[64];

	snprintf(path, sizeof(path), "%s/program", service->folder);
	write_file(path);
	machine_exec(service->machine, 10, path);
	make_usual_calls(service, 10);
	service_name_profile(service, path);
	service_command(service, "normalize", path);
	guard_kernel_profile(service->machine, 1)->response = GUARD_RESPONSE_KILL;
	replace_file(service, path);
	machine_exec(service->machine, 11, path);
	machine_call(service->machine, 11, 99);
	service_name_profile(service, path);
	assert_int_equal(guard_kernel_profile_count(service->machine), 2);
	profile = guard_kernel_profile(service->machine, 2);
	assert_string_equal(guard_programs_name(&service->programs, 2), path);
	assert_int_equal(profile->response, GUARD_RESPONSE_KILL);
	assert_false(profile->normal);
	assert_int_equal(profile->id_count, 6);
	sequences = profile->sequences;
	machine_exec(service->machine, 12, path);
	make_usual_calls(service, 12);
	assert_int_equal(profile->sequences, sequences);
	machine_call(service->machine, 10, 98);
	service_take(service);
	assert_int_equal(service_count_word(service, "replaced"), 1);
	assert_int_equal(service_count_word(service, "call"), 1);
	/* On disk the path has the new one's profile alone. */
	assert_int_equal(guard_state_end(&service->state), 0);
	service_end(service);
	service_begin(service);
	assert_int_equal(guard_kernel_profile_count(service->machine), 1);
	assert_int_equal(guard_kernel_profile(service->machine, 1)->id_count, 6);
}

/* More programs than there is room for: those that were there stay, the others are counted; and few are told of. */
static void flood_of_programs(void **state)
{
	struct service *service = *state;
	char path[64];
	int i;

	service_name_profile(service, SERVER);
	service_run_server(service, 10);
	for (i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/srv/nowhere/flood-%d", i);
		service_run_odd(service, 1000 + i, path, 3);
		if (i % 100 == 0)
			service_take(service);
	}
	service_take(service);
	assert_int_equal(service_number(service, "profiles"), PROFILES);
	assert_int_equal(service_number(service, "no_profile"), 5000 - (PROFILES - 1));
	assert_int_equal(service_count_word(service, "new"), GUARD_LIMIT_PER_MINUTE);
	assert_int_equal(service_number(service, "suppressed"), PROFILES - 1 - GUARD_LIMIT_PER_MINUTE);
	assert_int_equal(guard_state_save(&service->state), 0);
	service_end(service);
	service_begin(service);
	assert_int_equal(service_number(service, "profiles"), 1); /* the others' paths nobody has seen */
}

/* Ten thousand processes in a minute, of programs that are known: nothing is lost of what they did. */
static void short_processes(void **state)
{
	struct service *service = *state;
	struct guard_profile *profile;
	int i, k;

	service_name_profile(service, SERVER);
	for (i = 0; i < 10000; i++) {
		machine_exec(service->machine, 1000 + i, SERVER);
		for (k = 0; k < 40; k++)
			machine_call(service->machine, 1000 + i, k % 7);
		machine_exit(service->machine, 1000 + i);
		machine_sleep(service->machine, 0.006);
		if (i % 167 == 0) { /* a second */
			service_take(service);
			assert_int_equal(guard_state_tick(&service->state), 0);
		}
	}
	service_take(service);
	profile = guard_kernel_profile(service->machine, 1);
	assert_int_equal(profile->calls_seen, 400000);
	assert_int_equal(profile->normal, 1);
	assert_int_equal(service_number(service, "alarms"), 0);
	assert_int_equal(service_number(service, "lost_events"), 0);
	assert_int_equal(service_number(service, "no_task"), 0);
	assert_int_equal(guard_state_save(&service->state), 0);
	service_end(service);
	service_begin(service);
	assert_int_equal(guard_kernel_profile(service->machine, 1)->calls_seen, 400000);
	assert_int_equal(service_count_word(service, "normal"), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SERVICE_TEST(spared),
		SERVICE_TEST(replaced),
		SERVICE_TEST(flood_of_programs),
		SERVICE_TEST(short_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
