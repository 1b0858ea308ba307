// SPDX-License-Identifier: GPL-2.0-or-later
/* Profiles on disk: what comes back is what was saved, and damage is noticed. */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/pairlist.h"
#include "guard/store.h"
#include "unit.h"

#define BLOCKS 80

struct fixture {
	char folder[32], path[64];
	struct guard_env env;
	uint32_t blocks_used;
	struct guard_rule rule;
	struct guard_profile profile, loaded;
	union guard_block blocks[BLOCKS];
};

static const struct guard_rule defaults = GUARD_RULE_DEFAULTS;

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	strcpy(fixture->folder, "/tmp/guard-store-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/profiles.db", fixture->folder);
	fixture->env = (struct guard_env){ .blocks = fixture->blocks, .count = BLOCKS, .used = &fixture->blocks_used };
	fixture->env.now = 1000000;
	fixture->rule = defaults;
	fixture->profile.identity = (struct guard_identity){ 8 << 20 | 1, 1ULL << 40 | 5 };
	fixture->loaded.identity = fixture->profile.identity;
	strcpy(fixture->profile.comm, "server");
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", fixture->folder);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

/* @calls different ones, in an order of their own. */
static void learn(struct fixture *fixture, struct guard_profile *profile, uint32_t calls, uint32_t seed)
{
	struct guard_verdict verdict;
	struct guard_task task;
	int i;

	guard_task_exec(&task, profile, 1);
	for (i = 0; i < 4000; i++) {
		seed = seed * 1103515245 + 12345;
		guard_call(&fixture->env, &fixture->rule, profile, &task, (seed >> 16) % calls, &verdict);
	}
}

static struct guard_store *open_store(const struct fixture *fixture)
{
	struct guard_store *store;
	int err = guard_store_open(fixture->path, &store);

	if (err)
		fail_msg("%s: %s", strerror(-err), guard_store_reason(NULL));
	return store;
}

static void save(struct fixture *fixture, const char *path)
{
	struct guard_store *store = open_store(fixture);

	assert_int_equal(guard_store_save(store, path, &fixture->env, &fixture->profile), 0);
	guard_store_close(store);
}

static int load(struct fixture *fixture, const char *path)
{
	struct guard_store *store = open_store(fixture);
	int err = guard_store_load(store, path, &fixture->env, &fixture->loaded);

	guard_store_close(store);
	return err;
}

static void assert_same_pairs(struct fixture *fixture, enum guard_copy copy)
{
	struct guard_pair *first, *second;
	size_t count, second_count;

	assert_int_equal(guard_pairlist_get(&fixture->env, &fixture->profile, copy, &first, &count), 0);
	assert_int_equal(guard_pairlist_get(&fixture->env, &fixture->loaded, copy, &second, &second_count), 0);
	assert_int_equal(count, second_count);
	if (count)
		assert_memory_equal(first, second, count * sizeof(*first));
	free(first);
	free(second);
}

static void round_trip_of(struct fixture *fixture, uint32_t calls)
{
	learn(fixture, &fixture->profile, calls, 1);
	guard_normalize(&fixture->env, &fixture->profile);
	fixture->profile.response = GUARD_RESPONSE_KILL;
	learn(fixture, &fixture->profile, calls + 3, 2); /* something recent */
	save(fixture, "/usr/bin/server");
	assert_int_equal(load(fixture, "/usr/bin/server"), 0);
	assert_same_pairs(fixture, GUARD_ACCEPTED);
	assert_same_pairs(fixture, GUARD_RECENT);
	assert_int_equal(fixture->loaded.normal, 1);
	assert_int_equal(fixture->loaded.response, GUARD_RESPONSE_KILL);
	assert_int_equal(fixture->loaded.accepted_ids, calls);
	assert_int_equal(fixture->loaded.anomalies, fixture->profile.anomalies);
	assert_true(fixture->loaded.calls_seen == fixture->profile.calls_seen);
}

static void round_trip(void **state)
{
	round_trip_of(*state, 30);
}

static void round_trip_of_many(void **state)
{
	round_trip_of(*state, 150);
}

static void nothing_saved(void **state)
{
	assert_int_equal(load(*state, "/usr/bin/other"), -ENOENT);
}

/* An upgrade: what was known stays known, and is not yet normal. */
static void replaced_file(void **state)
{
	struct fixture *fixture = *state;

	learn(fixture, &fixture->profile, 20, 1);
	guard_normalize(&fixture->env, &fixture->profile);
	save(fixture, "/usr/bin/server");
	fixture->loaded.identity.inode++;
	assert_int_equal(load(fixture, "/usr/bin/server"), 0);
	assert_int_equal(fixture->loaded.normal, 0);
	assert_same_pairs(fixture, GUARD_ACCEPTED);
	assert_true(fixture->loaded.identity.inode != fixture->profile.identity.inode);
}

/* The second time takes the place of the first, whose size may be another. */
static void saved_again(void **state)
{
	struct fixture *fixture = *state;

	learn(fixture, &fixture->profile, 60, 1);
	save(fixture, "/usr/bin/server");
	learn(fixture, &fixture->profile, 63, 2);
	save(fixture, "/usr/bin/server");
	assert_int_equal(load(fixture, "/usr/bin/server"), 0);
	assert_same_pairs(fixture, GUARD_RECENT);
}

static void damaged_row(void **state)
{
	struct fixture *fixture = *state;
	struct guard_store *store;
	sqlite3 *db;

	learn(fixture, &fixture->profile, 20, 1);
	guard_normalize(&fixture->env, &fixture->profile);
	save(fixture, "/usr/bin/server");
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE profiles SET accepted = zeroblob(length(accepted))", 0, 0, 0),
			 SQLITE_OK);
	sqlite3_close(db);
	store = open_store(fixture);
	assert_int_equal(guard_store_load(store, "/usr/bin/server", &fixture->env, &fixture->loaded), -EBADMSG);
	assert_string_equal(guard_store_reason(store), "the profile of /usr/bin/server is damaged");
	assert_int_equal(fixture->loaded.id_count, 0);
	guard_store_close(store);
}

static void refused(struct fixture *fixture, int want, const char *why)
{
	struct guard_store *store;

	assert_int_equal(guard_store_open(fixture->path, &store), want);
	if (!strstr(guard_store_reason(NULL), why))
		fail_msg("expected \"%s\" in \"%s\"", why, guard_store_reason(NULL));
}

static void no_database(void **state)
{
	struct fixture *fixture = *state;
	FILE *file = fopen(fixture->path, "w");
	int i;

	for (i = 0; i < 1000; i++)
		fputs("not a database\n", file);
	fclose(file);
	refused(fixture, -EBADMSG, "not a database");
	unlink(fixture->path);
	assert_int_equal(mkdir(fixture->path, 0700), 0);
	refused(fixture, -EISDIR, "unable to open");
	rmdir(fixture->path);
}

static void newer_version(void **state)
{
	struct fixture *fixture = *state;
	sqlite3 *db;

	guard_store_close(open_store(fixture));
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 77", 0, 0, 0), SQLITE_OK);
	sqlite3_close(db);
	refused(fixture, -EPROTO, "is of version 77; expected at most 2");
}

static int count_path(const char *path, void *data)
{
	strcat(data, path);
	return 0;
}

static void change(const struct fixture *fixture, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, 0, 0, 0), SQLITE_OK);
	sqlite3_close(db);
}

static const char to_version_1[] = "DROP TABLE events; ALTER TABLE profiles DROP COLUMN saved;"
				   " PRAGMA application_id = 0; PRAGMA user_version = 1";

/* What the first version of kview saved: it is there, and events find room. Also when that one died as it began. */
static void earlier_version(void **state)
{
	struct fixture *fixture = *state;
	struct guard_store *store;
	int64_t last;
	int i;

	for (i = 0; i < 2; i++) {
		memset(&fixture->profile, 0, sizeof(fixture->profile));
		memset(&fixture->loaded, 0, sizeof(fixture->loaded));
		learn(fixture, &fixture->profile, 20, 1);
		save(fixture, "/usr/bin/server");
		change(fixture, to_version_1);
		if (i)
			change(fixture, "PRAGMA user_version = 0");
		assert_int_equal(load(fixture, "/usr/bin/server"), 0);
		assert_same_pairs(fixture, GUARD_RECENT);
		store = open_store(fixture);
		assert_int_equal(guard_store_last_event(store, &last), 0);
		assert_int_equal(last, 0);
		guard_store_close(store);
		unlink(fixture->path);
	}
}

static long read_file(const struct fixture *fixture, char *data, size_t size)
{
	FILE *file = fopen(fixture->path, "r");
	long len = fread(data, 1, size, file);

	fclose(file);
	return len;
}

/* Refused, and not touched. */
static void somebody_elses(void **state)
{
	static char before[65536], after[65536];
	struct fixture *fixture = *state;
	long len;

	change(fixture, "CREATE TABLE bookmarks (url TEXT)");
	len = read_file(fixture, before, sizeof(before));
	refused(fixture, -EPROTO, "is a database of something else");
	change(fixture, "PRAGMA user_version = 2");
	refused(fixture, -EPROTO, "is a database of something else");
	change(fixture, "PRAGMA user_version = 0");
	assert_int_equal(read_file(fixture, after, sizeof(after)), len);
	assert_memory_equal(before + 100, after + 100, len - 100); /* but for the header's count of changes */
}

/* Pages in its middle that are no pages any more: told when it is opened, and nothing is written. */
static void damaged_pages(void **state)
{
	static char before[1 << 20], after[1 << 20];
	struct fixture *fixture = *state;
	char path[32];
	FILE *file;
	long len;
	int i;

	learn(fixture, &fixture->profile, 60, 1);
	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "/usr/bin/server-%d", i);
		save(fixture, path);
	}
	file = fopen(fixture->path, "r+");
	for (i = 12288; i < 32768; i++) {
		fseek(file, i, SEEK_SET);
		fputc(0xa5, file);
	}
	fclose(file);
	len = read_file(fixture, before, sizeof(before));
	refused(fixture, -EBADMSG, "put a copy back, or move it away to begin anew");
	assert_int_equal(read_file(fixture, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
}

/* Those that were saved longest ago are forgotten. */
static void few_profiles(void **state)
{
	struct fixture *fixture = *state;
	struct guard_store *store;
	char all[64] = "";

	save(fixture, "/a");
	save(fixture, "/b");
	save(fixture, "/c");
	change(fixture, "UPDATE profiles SET saved = 1000 WHERE path = '/b'");
	store = open_store(fixture);
	assert_int_equal(guard_store_drop_profiles(store, 2), 0);
	assert_int_equal(guard_store_each(store, count_path, all), 0);
	assert_string_equal(all, "/a/c");
	guard_store_close(store);
}

static int count_event(const struct guard_stored_event *event, void *data)
{
	sprintf((char *)data + strlen(data), "%d%s%s ", (int)event->id, event->program, event->text);
	return 0;
}

static void expect_events(struct guard_store *store, struct guard_event_query query, const char *want)
{
	char all[256] = "";
	uint64_t damaged = 0;

	assert_int_equal(guard_store_each_event(store, &query, count_event, all, &damaged), 0);
	assert_string_equal(all, want);
}

static void events(void **state)
{
	static const char *const programs[] = { "/bin/a", "/bin/b", "a" };
	struct fixture *fixture = *state;
	struct guard_store *store = open_store(fixture);
	char all[256] = "", text[8];
	uint64_t damaged = 0;
	int64_t last;
	int i;

	for (i = 1; i <= 6; i++) {
		snprintf(text, sizeof(text), "=%d", i);
		assert_int_equal(guard_store_add_event(store, &(struct guard_stored_event){ i, i * 1000,
											    programs[i % 3], text }),
				 0);
	}
	assert_int_not_equal(guard_store_add_event(store, &(struct guard_stored_event){ 6, 1, "", "" }), 0);
	expect_events(store, (struct guard_event_query){ .limit = 2 }, "1/bin/b=1 2a=2 ");
	expect_events(store, (struct guard_event_query){ .limit = 2, .newest = true }, "5a=5 6/bin/a=6 ");
	expect_events(store, (struct guard_event_query){ .limit = 9, .after = 4 }, "5a=5 6/bin/a=6 ");
	expect_events(store, (struct guard_event_query){ .limit = 9, .since = 3000, .until = 5000 },
		      "3/bin/a=3 4/bin/b=4 ");
	expect_events(store, (struct guard_event_query){ .limit = 9, .program = "a" },
		      "2a=2 3/bin/a=3 5a=5 6/bin/a=6 ");
	expect_events(store, (struct guard_event_query){ .limit = 9, .program = "/bin/b" }, "1/bin/b=1 4/bin/b=4 ");
	assert_int_equal(guard_store_drop_events(store, 5, 3000), 0);
	expect_events(store, (struct guard_event_query){ .limit = 9 }, "3/bin/a=3 4/bin/b=4 5a=5 6/bin/a=6 ");
	assert_int_equal(guard_store_drop_events(store, 1, 0), 0);
	expect_events(store, (struct guard_event_query){ .limit = 9 }, "6/bin/a=6 ");
	assert_int_equal(guard_store_drop_events(store, 1, 99000), 0);
	expect_events(store, (struct guard_event_query){ .limit = 9 }, "");
	guard_store_close(store);
	store = open_store(fixture);
	assert_int_equal(guard_store_last_event(store, &last), 0);
	assert_int_equal(last, 6);
	assert_int_equal(guard_store_add_event(store, &(struct guard_stored_event){ 7, 1, "x", "y" }), 0);
	assert_int_equal(guard_store_add_event(store, &(struct guard_stored_event){ 8, 1, "x", "z" }), 0);
	change(fixture, "UPDATE events SET text = 'n' WHERE id = 7");
	assert_int_equal(guard_store_each_event(store, &(struct guard_event_query){ .limit = 9 }, count_event, all,
						&damaged),
			 0);
	assert_string_equal(all, "8xz ");
	assert_int_equal(damaged, 1);
	guard_store_close(store);
}

/* Killed while it saves, again and again: each time there is one whole state. */
static void killed(void **state)
{
	struct fixture *fixture = *state;
	struct guard_store *store;
	pid_t child;
	int i;

	learn(fixture, &fixture->profile, 60, 1);
	save(fixture, "/usr/bin/server");
	for (i = 0; i < 8; i++) {
		child = fork();
		if (!child) {
			store = open_store(fixture);
			for (;;)
				if (guard_store_begin(store) ||
				    guard_store_save(store, "/usr/bin/server", &fixture->env, &fixture->profile) ||
				    guard_store_save(store, "/usr/bin/second", &fixture->env, &fixture->profile) ||
				    guard_store_commit(store))
					_exit(1);
		}
		usleep(20000 + i * 7919);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		memset(&fixture->loaded, 0, sizeof(fixture->loaded));
		fixture->loaded.identity = fixture->profile.identity;
		assert_int_equal(load(fixture, "/usr/bin/server"), 0);
		assert_same_pairs(fixture, GUARD_RECENT);
	}
}

/* No room: the row that was there stays. */
static void full_disk(void **state)
{
	struct fixture *fixture = *state;
	struct guard_store *store;
	int status;

	learn(fixture, &fixture->profile, 20, 1);
	save(fixture, "/usr/bin/server");
	signal(SIGXFSZ, SIG_IGN);
	if (!fork()) {
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 12288, 12288 });
		learn(fixture, &fixture->profile, 63, 2);
		store = open_store(fixture);
		_exit(guard_store_save(store, "/usr/bin/server", &fixture->env, &fixture->profile) == 0);
	}
	wait(&status);
	assert_int_equal(status, 0);
	assert_int_equal(load(fixture, "/usr/bin/server"), 0);
	assert_same_pairs(fixture, GUARD_RECENT);
}

static void paths(void **state)
{
	struct fixture *fixture = *state;
	struct guard_store *store;
	char all[64] = "";

	save(fixture, "/b");
	save(fixture, "/a");
	save(fixture, "/b");
	store = open_store(fixture);
	assert_int_equal(guard_store_each(store, count_path, all), 0);
	assert_string_equal(all, "/a/b");
	guard_store_close(store);
}

static void bad_lists(void **state)
{
	static const struct guard_pair bad[][2] = {
		{ { 1, 2, 0 } },
		{ { 1, 2, 256 } },
		{ { GUARD_PAIR_NONE, 2, 1 } },
		{ { 2, 2, 1 }, { 2, 2, 1 } },
		{ { 2, 3, 1 }, { 2, 2, 1 } },
		{ { 3, 2, 1 }, { 2, 2, 1 } },
	};
	struct fixture *fixture = *state;
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(guard_pairlist_add(&fixture->env, &fixture->loaded, GUARD_RECENT, bad[i],
						    i < 3 ? 1 : 2),
				 -EINVAL);
	assert_int_equal(fixture->loaded.id_count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(round_trip),   TEST(round_trip_of_many), TEST(nothing_saved),  TEST(replaced_file),
		TEST(saved_again),  TEST(damaged_row),	      TEST(no_database),    TEST(newer_version),
		TEST(killed),	    TEST(full_disk),	      TEST(paths),	    TEST(bad_lists),
		TEST(events),	    TEST(earlier_version),    TEST(somebody_elses), TEST(damaged_pages),
		TEST(few_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
