// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "guard/pairlist.h"

#define VERSION 1 /* of the tables */
#define BUSY_MS 5000

struct guard_store {
	sqlite3 *db;
	sqlite3_stmt *save, *load;
	char reason[256];
};

static _Thread_local char open_reason[256];

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS profiles ("
	" path TEXT PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT NULL, comm TEXT NOT NULL,"
	" state BLOB NOT NULL, accepted_calls BLOB NOT NULL, accepted BLOB NOT NULL, recent BLOB NOT NULL,"
	" checksum INTEGER NOT NULL) WITHOUT ROWID;";

static const char save_sql[] = "INSERT OR REPLACE INTO profiles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char load_sql[] = "SELECT device, inode, comm, state, accepted_calls, accepted, recent, checksum"
			       " FROM profiles WHERE path = ?";

/* Of a profile, besides what it knows. Counts; the times of the machine that saved it mean nothing elsewhere. */
struct state {
	uint32_t normal, frozen, response, spans, novel_spans, normal_novel, normal_spans, sequences, lost, alarms;
	uint64_t calls_seen, train_count, last_mod_count, anomalies;
	uint64_t age, normal_in; /* ns: since it was created; until it becomes normal */
};

/* A row, and who owns its parts while it is written. */
struct row {
	struct guard_identity identity;
	char comm[GUARD_COMM];
	struct state state;
	uint16_t *calls; /* that were accepted */
	struct guard_pair *pairs[GUARD_COPIES];
	size_t call_count, pair_count[GUARD_COPIES];
};

static int fail(struct guard_store *store, int err, const char *what)
{
	snprintf(store->reason, sizeof(store->reason), "%s: %s", what, sqlite3_errmsg(store->db));
	return err;
}

/* What SQLite's errors mean here. */
static int failed(struct guard_store *store, const char *what)
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

static int execute(struct guard_store *store, const char *sql, const char *what)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(store, what);
}

static int get_version(struct guard_store *store, int *ret_version)
{
	sqlite3_stmt *statement;
	int status;

	if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
		return failed(store, "cannot be read");
	status = sqlite3_step(statement);
	*ret_version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return status == SQLITE_ROW ? 0 : failed(store, "cannot be read");
}

static int make_tables(struct guard_store *store)
{
	char sql[64];
	int version = 0, err;

	err = get_version(store, &version);
	if (err)
		return err;
	if (version > VERSION) {
		snprintf(store->reason, sizeof(store->reason), "is of version %d; expected at most %d", version,
			 VERSION);
		return -EPROTO;
	}
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", VERSION);
	err = execute(store, schema, "cannot be written");
	return err ?: version == VERSION ? err : execute(store, sql, "cannot be written");
}

static int prepare(struct guard_store *store)
{
	int err;

	/* One file, complete at each commit, and no reader of another process can be in the way of the next. */
	err = execute(store, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL", "cannot be read");
	if (!err)
		err = make_tables(store);
	if (err)
		return err;
	if (sqlite3_prepare_v2(store->db, save_sql, -1, &store->save, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(store->db, load_sql, -1, &store->load, NULL) != SQLITE_OK)
		return failed(store, "has other tables than expected");
	return 0;
}

int guard_store_open(const char *path, struct guard_store **ret_store)
{
	_cleanup_(guard_store_closep) struct guard_store *store = calloc(1, sizeof(*store));
	int err = 0;

	if (!store)
		return -ENOMEM;
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
		err = failed(store, "cannot be opened");
	if (!err)
		sqlite3_busy_timeout(store->db, BUSY_MS);
	err = err ?: prepare(store);
	snprintf(open_reason, sizeof(open_reason), "%.*s", (int)sizeof(open_reason) - 1, store->reason);
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
	sqlite3_close(store->db);
	free(store);
}

const char *guard_store_reason(const struct guard_store *store)
{
	return store ? store->reason : open_reason;
}

int guard_store_begin(struct guard_store *store)
{
	return execute(store, "BEGIN IMMEDIATE", "cannot be written");
}

int guard_store_commit(struct guard_store *store)
{
	int err = execute(store, "COMMIT", "cannot be written");

	if (err)
		guard_store_rollback(store);
	return err;
}

/* What went wrong before stays the reason. */
int guard_store_rollback(struct guard_store *store)
{
	return sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* --- rows --- */

static void row_deinit(struct row *row)
{
	free(row->calls);
	free(row->pairs[GUARD_ACCEPTED]);
	free(row->pairs[GUARD_RECENT]);
}

static uint32_t sum(uint32_t crc, const void *data, size_t size)
{
	return size ? crc32(crc, data, size) : crc;
}

static uint32_t checksum(const struct row *row)
{
	uint32_t crc;

	crc = sum(crc32(0, NULL, 0), &row->identity, sizeof(row->identity));
	crc = sum(crc, &row->state, sizeof(row->state));
	crc = sum(crc, row->calls, row->call_count * sizeof(*row->calls));
	crc = sum(crc, row->pairs[GUARD_ACCEPTED], row->pair_count[GUARD_ACCEPTED] * sizeof(struct guard_pair));
	return sum(crc, row->pairs[GUARD_RECENT], row->pair_count[GUARD_RECENT] * sizeof(struct guard_pair));
}

static struct state get_state(const struct guard_env *env, const struct guard_profile *profile)
{
	uint64_t now = guard_env_now(env);

	return (struct state){
		.normal = profile->normal,
		.frozen = profile->frozen,
		.response = profile->response,
		.spans = profile->spans,
		.novel_spans = profile->novel_spans,
		.normal_novel = profile->normal_novel,
		.normal_spans = profile->normal_spans,
		.sequences = profile->sequences,
		.lost = profile->lost,
		.alarms = profile->alarms,
		.calls_seen = profile->calls_seen,
		.train_count = profile->train_count,
		.last_mod_count = profile->last_mod_count,
		.anomalies = profile->anomalies,
		.age = now - profile->created,
		.normal_in = profile->normal_time > now ? profile->normal_time - now : 0,
	};
}

static void set_state(const struct guard_env *env, struct guard_profile *profile, const struct state *state)
{
	profile->normal = !!state->normal;
	profile->frozen = !!state->frozen;
	profile->response = state->response & (GUARD_RESPONSES | GUARD_RESPONSE_SPARED);
	profile->spans = state->spans;
	profile->novel_spans = state->novel_spans;
	profile->normal_novel = state->normal_novel;
	profile->normal_spans = state->normal_spans;
	profile->sequences = state->sequences;
	profile->lost = state->lost;
	profile->alarms = state->alarms;
	profile->calls_seen = state->calls_seen;
	profile->train_count = state->train_count;
	profile->last_mod_count = state->last_mod_count;
	profile->anomalies = state->anomalies;
	profile->created = guard_env_now(env) - state->age; /* may lie before the boot: only differences are used */
	profile->normal_time = guard_env_now(env) + state->normal_in;
}

static int row_get(struct row *row, struct guard_env *env, struct guard_profile *profile)
{
	uint32_t id, count = profile->accepted_ids < GUARD_IDS ? profile->accepted_ids : GUARD_IDS;
	int err;

	row->identity = profile->identity;
	memcpy(row->comm, profile->comm, sizeof(row->comm));
	row->comm[sizeof(row->comm) - 1] = '\0';
	row->state = get_state(env, profile);
	row->calls = calloc(count + 1, sizeof(*row->calls));
	if (!row->calls)
		return -ENOMEM;
	for (id = 0; id < count; id++)
		row->calls[row->call_count++] = guard_call_of(env, profile, id);
	err = guard_pairlist_get(env, profile, GUARD_ACCEPTED, &row->pairs[GUARD_ACCEPTED],
				 &row->pair_count[GUARD_ACCEPTED]);
	return err
		       ?: guard_pairlist_get(env, profile, GUARD_RECENT, &row->pairs[GUARD_RECENT],
					     &row->pair_count[GUARD_RECENT]);
}

static void bind_blob(sqlite3_stmt *statement, int at, const void *data, size_t size)
{
	sqlite3_bind_blob(statement, at, size ? data : "", size, SQLITE_STATIC);
}

static int row_write(struct guard_store *store, const char *path, const struct row *row)
{
	sqlite3_stmt *statement = store->save;
	int status;

	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, row->identity.device);
	sqlite3_bind_int64(statement, 3, row->identity.inode);
	sqlite3_bind_text(statement, 4, row->comm, -1, SQLITE_STATIC);
	bind_blob(statement, 5, &row->state, sizeof(row->state));
	bind_blob(statement, 6, row->calls, row->call_count * sizeof(*row->calls));
	bind_blob(statement, 7, row->pairs[0], row->pair_count[0] * sizeof(struct guard_pair));
	bind_blob(statement, 8, row->pairs[1], row->pair_count[1] * sizeof(struct guard_pair));
	sqlite3_bind_int64(statement, 9, checksum(row));
	status = sqlite3_step(statement);
	if (status != SQLITE_DONE)
		failed(store, "cannot be written");
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return status == SQLITE_DONE ? 0 : -(status == SQLITE_FULL ? ENOSPC : status == SQLITE_BUSY ? EBUSY : EIO);
}

int guard_store_save(struct guard_store *store, const char *path, struct guard_env *env, struct guard_profile *profile)
{
	_cleanup_(row_deinit) struct row row = {};
	int err;

	err = row_get(&row, env, profile);
	return err ?: row_write(store, path, &row);
}

/* A copy of column @at, of whole items. */
static int copy_blob(sqlite3_stmt *statement, int at, size_t item, void **ret_items, size_t *ret_count)
{
	size_t size = sqlite3_column_bytes(statement, at);
	void *items;

	if (size % item)
		return -EBADMSG;
	items = malloc(size + 1);
	if (!items)
		return -ENOMEM;
	if (size)
		memcpy(items, sqlite3_column_blob(statement, at), size);
	*ret_items = items;
	*ret_count = size / item;
	return 0;
}

static int row_read(sqlite3_stmt *statement, struct row *row)
{
	int err;

	row->identity.device = sqlite3_column_int64(statement, 0);
	row->identity.inode = sqlite3_column_int64(statement, 1);
	if (sqlite3_column_bytes(statement, 3) != sizeof(row->state))
		return -EBADMSG;
	memcpy(&row->state, sqlite3_column_blob(statement, 3), sizeof(row->state));
	err = copy_blob(statement, 4, sizeof(*row->calls), (void **)&row->calls, &row->call_count);
	if (!err)
		err = copy_blob(statement, 5, sizeof(struct guard_pair), (void **)&row->pairs[0], &row->pair_count[0]);
	if (!err)
		err = copy_blob(statement, 6, sizeof(struct guard_pair), (void **)&row->pairs[1], &row->pair_count[1]);
	if (err)
		return err;
	return checksum(row) == sqlite3_column_int64(statement, 7) ? 0 : -EBADMSG;
}

/* Calls first: their ids have to be those that were accepted. */
static int row_apply(const struct row *row, struct guard_env *env, struct guard_profile *profile)
{
	bool same = !memcmp(&row->identity, &profile->identity, sizeof(row->identity));
	bool full = false;
	int copy, err;
	size_t i;

	for (i = 0; i < row->call_count; i++)
		full |= guard_id(env, profile, row->calls[i]) == GUARD_ID_LOST;
	profile->accepted_ids = profile->id_count;
	for (copy = 0; copy < GUARD_COPIES; copy++) {
		err = guard_pairlist_add(env, profile, copy, row->pairs[copy], row->pair_count[copy]);
		if (err && err != -ENOSPC)
			return err;
		full |= err == -ENOSPC;
	}
	set_state(env, profile, &row->state);
	if (!same)
		guard_train(profile);
	profile->epoch += GUARD_GENERATION;
	return full ? -ENOSPC : 0;
}

int guard_store_load(struct guard_store *store, const char *path, struct guard_env *env, struct guard_profile *profile)
{
	_cleanup_(row_deinit) struct row row = {};
	int status, err;

	sqlite3_bind_text(store->load, 1, path, -1, SQLITE_STATIC);
	status = sqlite3_step(store->load);
	if (status == SQLITE_ROW)
		err = row_read(store->load, &row);
	else
		err = status == SQLITE_DONE ? -ENOENT : failed(store, "cannot be read");
	sqlite3_reset(store->load);
	sqlite3_clear_bindings(store->load);
	if (!err)
		err = row_apply(&row, env, profile);
	if (err == -EBADMSG && status == SQLITE_ROW)
		snprintf(store->reason, sizeof(store->reason), "the profile of %.180s is damaged", path);
	return err;
}

int guard_store_each(struct guard_store *store, guard_store_fn fn, void *data)
{
	sqlite3_stmt *statement;
	int status, err = 0;

	if (sqlite3_prepare_v2(store->db, "SELECT path FROM profiles ORDER BY path", -1, &statement, NULL) != SQLITE_OK)
		return failed(store, "cannot be read");
	while (!err && (status = sqlite3_step(statement)) == SQLITE_ROW)
		err = fn((const char *)sqlite3_column_text(statement, 0), data);
	if (!err && status != SQLITE_DONE)
		err = failed(store, "cannot be read");
	sqlite3_finalize(statement);
	return err;
}
