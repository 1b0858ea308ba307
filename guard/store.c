// SPDX-License-Identifier: GPL-2.0-or-later
/* The database itself: opened, in transactions, closed; and what its errors mean. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guard/store_internal.h"

#define BUSY_MS 5000

static _Thread_local char open_reason[320];

static const char save_sql[] =
	"INSERT OR REPLACE INTO profiles (path, device, inode, comm, state, accepted_calls, accepted, recent, checksum,"
	" saved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char load_sql[] = "SELECT device, inode, comm, state, accepted_calls, accepted, recent, checksum"
			       " FROM profiles WHERE path = ?";
static const char add_event_sql[] = "INSERT INTO events (id, time, program, text, checksum) VALUES (?, ?, ?, ?, ?)";

static int fail(struct guard_store *store, int err, const char *what)
{
	snprintf(store->reason, sizeof(store->reason), "%s: %s%s", what, sqlite3_errmsg(store->db),
		 err == -EBADMSG ? "; put a copy back, or move it away to begin anew" : "");
	return err;
}

int store_failed(struct guard_store *store, const char *what)
{
	switch (sqlite3_errcode(store->db) & 0xff) {
	case SQLITE_FULL:
		return fail(store, -ENOSPC, what);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return fail(store, -EBADMSG, what);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(store, -EBUSY, what);
	case SQLITE_CANTOPEN:
		return fail(store, -(sqlite3_system_errno(store->db) ?: EACCES), what);
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return fail(store, -EACCES, what);
	default:
		return fail(store, -EIO, what);
	}
}

int store_execute(struct guard_store *store, const char *sql, const char *what)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_failed(store, what);
}

int store_step(struct guard_store *store, sqlite3_stmt *statement)
{
	int err = sqlite3_step(statement) == SQLITE_DONE ? 0 : store_failed(store, "cannot be written");

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return err;
}

int store_get_number(struct guard_store *store, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *statement;
	int status;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_failed(store, "cannot be read");
	status = sqlite3_step(statement);
	*ret_number = status == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return status == SQLITE_ROW || status == SQLITE_DONE ? 0 : store_failed(store, "cannot be read");
}

static int prepare(struct guard_store *store)
{
	int err;

	/* One file, complete at each commit, and no reader of another process can be in the way of the next. */
	err = store_execute(store, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL", "cannot be read");
	if (!err)
		err = store_make_tables(store);
	if (err)
		return err;
	if (sqlite3_prepare_v2(store->db, save_sql, -1, &store->save, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(store->db, load_sql, -1, &store->load, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(store->db, add_event_sql, -1, &store->add_event, NULL) != SQLITE_OK)
		return store_failed(store, "has other tables than expected");
	return 0;
}

int guard_store_open(const char *path, struct guard_store **ret_store)
{
	_cleanup_(guard_store_closep) struct guard_store *store = calloc(1, sizeof(*store));
	int err = 0;

	if (!store)
		return -ENOMEM;
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
		err = store_failed(store, "cannot be opened");
	if (!err)
		sqlite3_busy_timeout(store->db, BUSY_MS);
	err = err ?: prepare(store);
	strcpy(open_reason, store->reason);
	if (err)
		return err;
	*ret_store = TAKE_PTR(store);
	return 0;
}

void guard_store_close(struct guard_store *store)
{
	if (!store)
		return;
	sqlite3_finalize(store->save);
	sqlite3_finalize(store->load);
	sqlite3_finalize(store->add_event);
	sqlite3_close(store->db);
	free(store);
}

const char *guard_store_reason(const struct guard_store *store)
{
	return store ? store->reason : open_reason;
}

int guard_store_begin(struct guard_store *store)
{
	return store_execute(store, "BEGIN IMMEDIATE", "cannot be written");
}

int guard_store_commit(struct guard_store *store)
{
	int err = store_execute(store, "COMMIT", "cannot be written");

	if (err)
		guard_store_rollback(store);
	return err;
}

/* What went wrong before stays the reason. SQLite may have rolled back itself, as after a full disk. */
int guard_store_rollback(struct guard_store *store)
{
	if (sqlite3_get_autocommit(store->db))
		return 0;
	return sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}
