// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables, by version, and how a database of an earlier one becomes one of today. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guard/store_internal.h"

#define APPLICATION 0x6b766764 /* "kvgd": in the file's header since version 2 */

/*
 * steps[v] makes version v + 1 of version v, for good: what was released is never changed. PRAGMA user_version holds
 * the number.
 */
static const char *const steps[] = {
	"CREATE TABLE profiles ("
	" path TEXT PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT NULL, comm TEXT NOT NULL,"
	" state BLOB NOT NULL, accepted_calls BLOB NOT NULL, accepted BLOB NOT NULL, recent BLOB NOT NULL,"
	" checksum INTEGER NOT NULL) WITHOUT ROWID;",

	/* When a profile was saved last (seconds since 1970), and events. No number of an event is given twice. */
	"ALTER TABLE profiles ADD COLUMN saved INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE events ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, program TEXT NOT NULL, text TEXT NOT NULL,"
	" checksum INTEGER NOT NULL);"
	"CREATE INDEX events_by_time ON events (time);"
	"PRAGMA application_id = 0x6b766764;",
};

#define VERSION ((int64_t)(sizeof(steps) / sizeof(steps[0])))

static int refuse(struct guard_store *store, int err, const char *text)
{
	snprintf(store->reason, sizeof(store->reason), "%s", text);
	return err;
}

/* The version of an empty file is 0, and of one of version 1 whose maker died before it said so. */
static int get_version(struct guard_store *store, int64_t *ret_version)
{
	int64_t version, tables, ours, application;
	int err;

	err = store_get_number(store, "PRAGMA user_version", &version);
	if (!err)
		err = store_get_number(store, "PRAGMA application_id", &application);
	if (!err)
		err = store_get_number(store, "SELECT count(*) FROM sqlite_master WHERE type = 'table'", &tables);
	if (!err)
		err = store_get_number(
			store, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'profiles'", &ours);
	if (err)
		return err;
	if ((tables && !ours) || (version > 1 ? application != APPLICATION : application != 0))
		return refuse(store, -EPROTO, "is a database of something else");
	*ret_version = !version && ours ? 1 : version;
	return 0;
}

static int check_version(struct guard_store *store, int64_t version)
{
	if (version <= VERSION)
		return 0;
	snprintf(store->reason, sizeof(store->reason),
		 "is of version %lld; expected at most %lld: a newer kview made it", (long long)version,
		 (long long)VERSION);
	return -EPROTO;
}

/* SQLite looks at pages when it needs them; what lies in the others is to be known before anything is written. */
static int check_pages(struct guard_store *store)
{
	sqlite3_stmt *statement;
	const char *text;
	int status, err = 0;

	if (sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL) != SQLITE_OK)
		return store_failed(store, "cannot be read");
	status = sqlite3_step(statement);
	text = (const char *)sqlite3_column_text(statement, 0);
	if (status != SQLITE_ROW) {
		err = store_failed(store, "cannot be read");
	} else if (!text || strcmp(text, "ok")) {
		err = -EBADMSG;
		snprintf(store->reason, sizeof(store->reason),
			 "is damaged (%.*s); put a copy back, or move it away to begin anew",
			 text ? (int)strcspn(text, "\n") : 0, text ?: "");
	}
	sqlite3_finalize(statement);
	return err;
}

/* All steps are done, or none: an earlier kview still reads what a crash leaves. */
static int migrate(struct guard_store *store)
{
	int64_t version = 0;
	char sql[64];
	int err;

	err = guard_store_begin(store);
	if (err)
		return err;
	err = get_version(store, &version); /* nobody can change it any more */
	for (; !err && version < VERSION; version++)
		err = store_execute(store, steps[version], "cannot be written");
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld", (long long)VERSION);
	err = err ?: store_execute(store, sql, "cannot be written");
	if (!err)
		return guard_store_commit(store);
	guard_store_rollback(store);
	return err;
}

int store_make_tables(struct guard_store *store)
{
	int64_t version = 0;
	int err;

	err = get_version(store, &version);
	if (!err)
		err = check_version(store, version);
	if (!err)
		err = check_pages(store);
	return err ?: version == VERSION ? err : migrate(store);
}
