// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard's service over a machine in memory: what it keeps, tells and counts, also when the disk is full, too much
 * happens at a time, or it is killed.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/guard_requests.h"
#include "guard_machine.h"
#include "unit.h"

#define PROFILES 64
#define SERVER "/srv/nowhere/server"

struct fixture {
	char folder[32], path[64];
	struct guard_rule rule;
	struct guard_kernel *machine;
	struct guard_store *store;
	struct guard_programs programs;
	struct guard_state state;
	struct guard_history_opts history;
	char **spared;
};

static const struct guard_rule defaults = GUARD_RULE_DEFAULTS;
static const struct guard_asker root = { "user 0", true }, guest = { "user 1000", false };

static void begin(struct fixture *fixture)
{
	fixture->machine = machine_new(&fixture->rule, PROFILES, PROFILES);
	if (guard_store_open(fixture->path, &fixture->store))
		fail_msg("%s", guard_store_reason(NULL));
	assert_int_equal(guard_programs_init(&fixture->programs, fixture->machine, fixture->store, fixture->spared), 0);
	fixture->state = (struct guard_state){
		.programs = &fixture->programs,
		.file = fixture->path,
		.scope = "machine",
		.limit.per_minute = fixture->state.limit.per_minute,
	};
	assert_int_equal(guard_state_init(&fixture->state, &fixture->history), 0);
}

static void end(struct fixture *fixture)
{
	guard_state_deinit(&fixture->state);
	guard_programs_deinit(&fixture->programs);
	guard_store_close(fixture->store);
	machine_free(fixture->machine);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->folder, "/tmp/guard-serve-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/guard.db", fixture->folder);
	fixture->rule = defaults;
	begin(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[64];

	end(fixture);
	snprintf(command, sizeof(command), "rm -rf %s", fixture->folder);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

/* --- helpers --- */

static int take(void *data, void *record, size_t size)
{
	assert_int_equal(size, sizeof(struct guard_record));
	return guard_state_take(data, record);
}

static void take_all(struct fixture *fixture)
{
	assert_int_equal(machine_take(fixture->machine, take, &fixture->state), 0);
}

/* A path that is nowhere cannot be found in /proc. */
static void name_profile(struct fixture *fixture, const char *path)
{
	uint32_t number;

	assert_int_equal(guard_programs_find(&fixture->programs, path, &number), 0);
}

static void run_server(struct fixture *fixture, uint32_t tgid)
{
	int i;

	machine_exec(fixture->machine, tgid, SERVER);
	for (i = 0; i < 3000; i++)
		machine_call(fixture->machine, tgid, i % 5 + i / 1000);
	machine_exit(fixture->machine, tgid);
}

/* A process of @path that does what no other of it did, calls from @first on. */
static void run_odd(struct fixture *fixture, uint32_t tgid, const char *path, uint32_t first)
{
	int i;

	machine_exec(fixture->machine, tgid, path);
	for (i = 0; i < 60; i++)
		machine_call(fixture->machine, tgid, first + i % 3);
	machine_exit(fixture->machine, tgid);
}

static json_t *ask(struct fixture *fixture, const struct guard_asker *asker, json_t *request)
{
	json_t *answer =
		guard_answer(&fixture->state, json_string_value(json_object_get(request, "do")), request, asker);

	assert_non_null(answer);
	json_decref(request);
	return answer;
}

static void command(struct fixture *fixture, const char *what, const char *profile)
{
	json_t *answer = ask(fixture, &root, json_pack("{s:s, s:s}", "do", what, "profile", profile));

	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("%s: %s", what, json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
}

static json_int_t number(struct fixture *fixture, const char *name)
{
	json_t *answer = ask(fixture, &guest, json_pack("{s:s}", "do", "status"));
	const json_t *value = json_object_get(answer, name)
				      ?: json_object_get(json_object_get(answer, "counters"), name);
	json_int_t result = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);

	assert_non_null(value);
	json_decref(answer);
	return result;
}

static json_t *events_of(struct fixture *fixture, json_t *request)
{
	json_t *answer, *events;

	json_object_set_new(request, "do", json_string("history"));
	answer = ask(fixture, &guest, request);
	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("history: %s", json_string_value(json_object_get(answer, "error")));
	events = json_incref(json_object_get(answer, "events"));
	json_decref(answer);
	return events;
}

/* How many of all events have @word. */
static size_t count_word(struct fixture *fixture, const char *word)
{
	json_t *events = events_of(fixture, json_pack("{}")), *event, *is;
	size_t i, k, count = 0;

	json_array_foreach(events, i, event)
		json_array_foreach(json_object_get(event, "events"), k, is)
			count += !strcmp(json_string_value(is), word);
	json_decref(events);
	return count;
}

/* The server's alarms are answered by @words: what the answer is. */
static void set_response(struct fixture *fixture, const char *words, const char *want_error)
{
	json_t *answer =
		ask(fixture, &root, json_pack("{s:s, s:s, s:s}", "do", "set", "profile", SERVER, "respond", words));
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (want_error ? !error || !strstr(error, want_error) : error != NULL)
		fail_msg("set %s: %s, not %s", words, error ?: "ok", want_error ?: "ok");
	json_decref(answer);
}

/* --- tests --- */

static uint32_t response_of(struct fixture *fixture, const char *path)
{
	uint32_t number;

	assert_int_equal(guard_programs_find(&fixture->programs, path, &number), 0);
	return guard_kernel_profile(fixture->machine, number)->response;
}

/* What is spared when the guard starts stays so: whatever is saved or asked for, and for others that come in its place. */
static void spared(void **state)
{
	char *paths[] = { SERVER, NULL };
	struct fixture *fixture = *state;

	name_profile(fixture, SERVER);
	set_response(fixture, "dance", "expected any of");
	set_response(fixture, "refuse-exec", "without its BPF LSM");
	set_response(fixture, "kill,stop", NULL);
	assert_int_equal(response_of(fixture, SERVER), GUARD_RESPONSE_KILL | GUARD_RESPONSE_STOP);
	assert_int_equal(guard_state_end(&fixture->state), 0);
	end(fixture);

	fixture->spared = paths;
	begin(fixture);
	assert_int_equal(response_of(fixture, SERVER) & GUARD_RESPONSE_SPARED, GUARD_RESPONSE_SPARED);
	assert_int_equal(response_of(fixture, "/srv/nowhere/other"), 0);
	set_response(fixture, "kill", "started with --spare for it");
	set_response(fixture, "log", "started with --spare for it");
	assert_int_equal(response_of(fixture, SERVER) & GUARD_RESPONSE_SPARED, GUARD_RESPONSE_SPARED);
}


static void write_file(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

/* Another file at the path of a normal program: told, it has what was known, and trains; the old one is judged as before. */
static void replaced(void **state)
{
	struct fixture *fixture = *state;
	char path[64], new_path[64];
	struct guard_profile *profile;
	uint32_t sequences;
	int i;

	snprintf(path, sizeof(path), "%s/program", fixture->folder);
	snprintf(new_path, sizeof(new_path), "%s/program.new", fixture->folder);
	write_file(path);
	machine_exec(fixture->machine, 10, path);
	for (i = 0; i < 100; i++)
		machine_call(fixture->machine, 10, i % 5);
	name_profile(fixture, path);
	command(fixture, "normalize", path);
	guard_kernel_profile(fixture->machine, 1)->response = GUARD_RESPONSE_KILL;
	write_file(new_path);
	assert_int_equal(rename(new_path, path), 0);
	machine_exec(fixture->machine, 11, path);
	machine_call(fixture->machine, 11, 99);
	name_profile(fixture, path);
	assert_int_equal(guard_kernel_profile_count(fixture->machine), 2);
	profile = guard_kernel_profile(fixture->machine, 2);
	assert_string_equal(guard_programs_name(&fixture->programs, 2), path);
	assert_int_equal(profile->response, GUARD_RESPONSE_KILL);
	assert_false(profile->normal);
	assert_int_equal(profile->id_count, 6);
	sequences = profile->sequences;
	machine_exec(fixture->machine, 12, path);
	for (i = 0; i < 100; i++)
		machine_call(fixture->machine, 12, i % 5);
	assert_int_equal(profile->sequences, sequences);
	machine_call(fixture->machine, 10, 98);
	take_all(fixture);
	assert_int_equal(count_word(fixture, "replaced"), 1);
	assert_int_equal(count_word(fixture, "call"), 1);
	/* On disk the path has the new one's profile alone. */
	assert_int_equal(guard_state_end(&fixture->state), 0);
	end(fixture);
	begin(fixture);
	assert_int_equal(guard_kernel_profile_count(fixture->machine), 1);
	assert_int_equal(guard_kernel_profile(fixture->machine, 1)->id_count, 6);
}

/* From the first call to an alarm, what happened is there, in order, also for the next service. */
static void kept(void **state)
{
	static const char *const want[] = { "started", "new", "operator", "call", "ended", "started" };
	struct fixture *fixture = *state;
	json_t *events, *event;
	size_t i;

	name_profile(fixture, SERVER);
	run_server(fixture, 10);
	machine_exec(fixture->machine, 11, "/srv/nowhere/other");
	take_all(fixture);
	command(fixture, "normalize", "server");
	machine_exec(fixture->machine, 12, SERVER);
	machine_call(fixture->machine, 12, 99);
	take_all(fixture);
	assert_int_equal(guard_state_end(&fixture->state), 0);
	end(fixture);
	begin(fixture);
	events = events_of(fixture, json_pack("{}"));
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
	struct fixture *fixture = *state;
	json_t *events, *answer;
	int i;

	name_profile(fixture, SERVER);
	for (i = 0; i < 20; i++)
		command(fixture, i % 2 ? "train" : "normalize", SERVER);
	assert_int_equal(guard_state_tick(&fixture->state), 0); /* half of them on disk */
	for (i = 0; i < 20; i++)
		command(fixture, i % 2 ? "train" : "normalize", "server");
	events = events_of(fixture, json_pack("{s:i, s:i}", "after", 15, "limit", 10));
	assert_int_equal(json_array_size(events), 10);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 9), "id")), 25);
	json_decref(events);
	events = events_of(fixture, json_pack("{s:b, s:i}", "newest", 1, "limit", 30));
	assert_int_equal(json_array_size(events), 30);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "id")), 12);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 29), "id")), 41);
	json_decref(events);
	events = events_of(fixture, json_pack("{s:s}", "profile", "server"));
	assert_int_equal(json_array_size(events), 40);
	json_decref(events);
	events = events_of(fixture, json_pack("{s:s}", "profile", "erver"));
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
	events = events_of(fixture, json_pack("{s:f}", "since", time(NULL) + 7200.0));
	assert_int_equal(json_array_size(events), 0);
	json_decref(events);
	answer = ask(fixture, &guest, json_pack("{s:s, s:i}", "do", "history", "limit", 0));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), "limit: expected"));
	json_decref(answer);
	answer = ask(fixture, &guest, json_pack("{s:s, s:s}", "do", "reset", "profile", SERVER));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), "only root"));
	json_decref(answer);
	assert_int_equal(count_word(fixture, "operator"), 40); /* nothing was done, nothing is told */
}

/* Not more than were asked for, and none that are too old; numbers go on. */
static void bounded(void **state)
{
	struct fixture *fixture = *state;
	json_t *events;
	int i;

	end(fixture);
	fixture->history.count = 50;
	begin(fixture);
	name_profile(fixture, SERVER);
	for (i = 0; i < 200; i++) {
		command(fixture, "train", SERVER);
		if (i % 7 == 0)
			assert_int_equal(guard_state_tick(&fixture->state), 0);
	}
	assert_int_equal(guard_state_tick(&fixture->state), 0);
	events = events_of(fixture, json_pack("{}"));
	assert_int_equal(json_array_size(events), 50);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "id")),
			 152); /* 200, and the beginning */
	json_decref(events);
	end(fixture);
	fixture->history.days = -1; /* until tomorrow */
	begin(fixture);
	assert_int_equal(guard_state_tick(&fixture->state), 0);
	assert_int_equal(count_word(fixture, "operator"), 0);
	end(fixture);
	fixture->history.days = 0;
	begin(fixture);
	events = events_of(fixture, json_pack("{}"));
	assert_int_equal(json_array_size(events), 1);
	assert_true(json_integer_value(json_object_get(json_array_get(events, 0), "id")) > 201);
	json_decref(events);
}

/* A program that does nothing but odd things is not all one reads about. */
static void limited(void **state)
{
	struct fixture *fixture = *state;
	json_t *events, *event;
	uint32_t i;

	name_profile(fixture, SERVER);
	name_profile(fixture, "/srv/nowhere/calm");
	run_server(fixture, 10);
	command(fixture, "normalize", SERVER);
	command(fixture, "normalize", "/srv/nowhere/calm");
	for (i = 0; i < 100; i++)
		run_odd(fixture, 100 + i, SERVER, 60); /* each: a first-ever call, then too many anomalies */
	run_odd(fixture, 300, "/srv/nowhere/calm", 60);
	take_all(fixture);
	assert_int_equal(count_word(fixture, "suppressed"), 0); /* the minute is not over */
	assert_true(number(fixture, "suppressed") >= 190);
	assert_true(number(fixture, "alarms") >= 200);
	events = events_of(fixture, json_pack("{s:s}", "profile", SERVER));
	assert_int_equal(json_array_size(events), 1 + GUARD_LIMIT_PER_MINUTE);
	json_decref(events);
	events = events_of(fixture, json_pack("{s:s}", "profile", "calm"));
	assert_in_range(json_array_size(events), 2, 4);
	json_decref(events);
	machine_sleep(fixture->machine, 61);
	assert_int_equal(guard_state_tick(&fixture->state), 0);
	events = events_of(fixture, json_pack("{s:b, s:i}", "newest", 1, "limit", 1));
	event = json_array_get(events, 0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(event, "events"), 0)), "suppressed");
	assert_int_equal(json_integer_value(json_object_get(event, "count")), number(fixture, "suppressed"));
	assert_string_equal(json_string_value(json_object_get(event, "program")), SERVER);
	json_decref(events);
	run_odd(fixture, 301, SERVER, 70);
	take_all(fixture);
	assert_true(count_word(fixture, "call") > GUARD_LIMIT_PER_MINUTE / 2); /* told again */
	assert_int_equal(guard_state_tick(&fixture->state), 0);
	assert_int_equal(count_word(fixture, "suppressed"), 1);
}

/* More programs than there is room for: those that were there stay, the others are counted; and few are told of. */
static void flood_of_programs(void **state)
{
	struct fixture *fixture = *state;
	char path[64];
	int i;

	name_profile(fixture, SERVER);
	run_server(fixture, 10);
	for (i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/srv/nowhere/flood-%d", i);
		run_odd(fixture, 1000 + i, path, 3);
		if (i % 100 == 0)
			take_all(fixture);
	}
	take_all(fixture);
	assert_int_equal(number(fixture, "profiles"), PROFILES);
	assert_int_equal(number(fixture, "no_profile"), 5000 - (PROFILES - 1));
	assert_int_equal(count_word(fixture, "new"), GUARD_LIMIT_PER_MINUTE);
	assert_int_equal(number(fixture, "suppressed"), PROFILES - 1 - GUARD_LIMIT_PER_MINUTE);
	assert_int_equal(guard_state_save(&fixture->state), 0);
	end(fixture);
	begin(fixture);
	assert_int_equal(number(fixture, "profiles"), 1); /* the others' paths nobody has seen */
}

/* Ten thousand processes in a minute, of programs that are known: nothing is lost of what they did. */
static void short_processes(void **state)
{
	struct fixture *fixture = *state;
	struct guard_profile *profile;
	int i, k;

	name_profile(fixture, SERVER);
	for (i = 0; i < 10000; i++) {
		machine_exec(fixture->machine, 1000 + i, SERVER);
		for (k = 0; k < 40; k++)
			machine_call(fixture->machine, 1000 + i, k % 7);
		machine_exit(fixture->machine, 1000 + i);
		machine_sleep(fixture->machine, 0.006);
		if (i % 167 == 0) { /* a second */
			take_all(fixture);
			assert_int_equal(guard_state_tick(&fixture->state), 0);
		}
	}
	take_all(fixture);
	profile = guard_kernel_profile(fixture->machine, 1);
	assert_int_equal(profile->calls_seen, 400000);
	assert_int_equal(profile->normal, 1);
	assert_int_equal(number(fixture, "alarms"), 0);
	assert_int_equal(number(fixture, "lost_events"), 0);
	assert_int_equal(number(fixture, "no_task"), 0);
	assert_int_equal(guard_state_save(&fixture->state), 0);
	end(fixture);
	begin(fixture);
	assert_int_equal(guard_kernel_profile(fixture->machine, 1)->calls_seen, 400000);
	assert_int_equal(count_word(fixture, "normal"), 1);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

/* A small disk of its own for the fixture, where user namespaces allow it: else a limit on the size of files has to do. */
static bool mount_disk(const struct fixture *fixture)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %d 1", (int)getuid());
	snprintf(groups, sizeof(groups), "0 %d 1", (int)getgid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", users);
	write_text("/proc/self/gid_map", groups);
	return !mount("disk", fixture->folder, "tmpfs", 0, "size=4m");
}

static void fill_disk(const struct fixture *fixture)
{
	static const char page[4096];
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/other", fixture->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	setbuf(file, NULL);
	while (fwrite(page, sizeof(page), 1, file) == 1)
		;
	fclose(file);
}

static void limit_files(rlim_t size)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void set_disk(const struct fixture *fixture, bool mounted, bool full)
{
	struct stat status;
	char path[80];

	snprintf(path, sizeof(path), "%s/other", fixture->folder);
	assert_int_equal(stat(fixture->path, &status), 0);
	if (!mounted)
		limit_files(full ? (rlim_t)status.st_size : RLIM_INFINITY);
	else if (full)
		fill_disk(fixture);
	else
		assert_int_equal(unlink(path), 0);
}

/* What was saved stays, what is new waits as long as there is room for it, and is saved when there is room again. */
static void full_disk(void **state)
{
	struct fixture *fixture = *state;
	json_t *answer, *events;
	bool mounted;
	int i;

	end(fixture);
	mounted = mount_disk(fixture);
	begin(fixture);
	name_profile(fixture, SERVER);
	assert_int_equal(guard_state_save(&fixture->state), 0);
	run_server(fixture, 10);
	set_disk(fixture, mounted, true);
	for (i = 0; i < 300; i++) /* more than fits into the pages there are */
		command(fixture, "train", SERVER);
	assert_int_equal(guard_state_save(&fixture->state), mounted ? -ENOSPC : -EIO);
	assert_int_equal(guard_state_save(&fixture->state), mounted ? -ENOSPC : -EIO);
	answer = ask(fixture, &root, json_pack("{s:s}", "do", "save"));
	assert_non_null(strstr(json_string_value(json_object_get(answer, "error")), fixture->path));
	json_decref(answer);
	assert_int_equal(number(fixture, "failed_saves"), 3);
	assert_int_equal(number(fixture, "saving_fails"), 1);
	assert_int_equal(count_word(fixture, "unsaved"), 1);
	assert_int_equal(count_word(fixture, "operator"), 300); /* from memory */
	for (i = 0; i < GUARD_HISTORY_WAITING; i++)
		command(fixture, "train", SERVER);
	assert_int_equal(number(fixture, "unsaved_events"), GUARD_HISTORY_WAITING);
	assert_int_equal(number(fixture, "lost_events"), 301);
	set_disk(fixture, mounted, false);
	assert_int_equal(guard_state_tick(&fixture->state), 0);
	assert_int_equal(guard_state_tick(&fixture->state), 0);
	assert_int_equal(number(fixture, "unsaved_events"), 0);
	assert_int_equal(number(fixture, "lost_events"), 301);
	assert_int_equal(guard_state_save(&fixture->state), 0);
	assert_int_equal(number(fixture, "saving_fails"), 0);
	end(fixture);
	begin(fixture);
	assert_int_equal(guard_kernel_profile(fixture->machine, 1)->calls_seen, 3000);
	events = events_of(fixture, json_pack("{s:b, s:i}", "newest", 1, "limit", 2));
	assert_string_equal(json_string_value(json_array_get(json_object_get(json_array_get(events, 0), "events"), 0)),
			    "saved");
	json_decref(events);
	if (mounted)
		assert_int_equal(umount2(fixture->folder, MNT_DETACH), 0);
}

static double metric(struct fixture *fixture, const char *name)
{
	json_t *answer = ask(fixture, &guest, json_pack("{s:s}", "do", "metrics"));
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
	struct fixture *fixture = *state;
	int i;

	name_profile(fixture, SERVER);
	run_server(fixture, 10);
	command(fixture, "normalize", SERVER);
	for (i = 0; i < 20; i++)
		run_odd(fixture, 100 + i, SERVER, 60);
	machine_exec(fixture->machine, 11, "/srv/nowhere/other");
	take_all(fixture);
	assert_true(metric(fixture, "kview_guard_profiles") == 2);
	assert_true(metric(fixture, "kview_guard_profiles_normal") == 1);
	assert_true(metric(fixture, "kview_guard_tasks") == 1);
	assert_true(metric(fixture, "kview_guard_lost_events_total") == 0);
	assert_true(metric(fixture, "kview_guard_saving_fails") == 0);
	assert_true(metric(fixture, "kview_guard_profile_normal{program=\"" SERVER "\"}") == 1);
	assert_true(metric(fixture, "kview_guard_profile_normal{program=\"other (2)\"}") == 0);
	assert_true(metric(fixture, "kview_guard_profile_calls{program=\"" SERVER "\"}") == 3000 + 20 * 60);
	assert_true(metric(fixture, "kview_guard_alarms_total") ==
		    number(fixture, "suppressed") + GUARD_LIMIT_PER_MINUTE);
	assert_true(metric(fixture, "kview_guard_suppressed_total") == number(fixture, "suppressed"));
	assert_true(number(fixture, "suppressed") > 0);
}

/* Killed at any moment: what a save had said is there, events are as many as were saved or more, without gaps. */
static void killed(void **state)
{
	struct fixture *fixture = *state;
	json_int_t before = 0, last;
	json_t *events, *event;
	size_t k;
	int i, j;
	pid_t child;

	name_profile(fixture, SERVER);
	assert_int_equal(guard_state_save(&fixture->state), 0);
	end(fixture);
	for (i = 0; i < 8; i++) {
		child = fork();
		if (!child) {
			begin(fixture);
			for (j = 0;; j++) {
				command(fixture, "train", SERVER);
				if (j % 3 ? guard_state_tick(&fixture->state) : guard_state_save(&fixture->state))
					_exit(1);
			}
		}
		usleep(20000 + i * 7919);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		begin(fixture);
		events = events_of(fixture, json_pack("{s:b}", "newest", 1));
		last = 0;
		json_array_foreach(events, k, event) {
			assert_true(!last || json_integer_value(json_object_get(event, "id")) == last + 1);
			last = json_integer_value(json_object_get(event, "id"));
		}
		assert_true(last >= before);
		before = last - 1; /* this service's own "started" is only in memory */
		json_decref(events);
		assert_int_equal(guard_kernel_profile_count(fixture->machine), 1);
		end(fixture);
	}
	begin(fixture);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(kept),
		TEST(spared),
		TEST(replaced),
		TEST(asked),
		TEST(bounded),
		TEST(limited),
		TEST(flood_of_programs),
		TEST(short_processes),
		TEST(killed),
		TEST(full_disk),
		TEST(metrics),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
