// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of profiles. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "guard/pairlist.h"
#include "guard/store_internal.h"

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

	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, row->identity.device);
	sqlite3_bind_int64(statement, 3, row->identity.inode);
	sqlite3_bind_text(statement, 4, row->comm, -1, SQLITE_STATIC);
	bind_blob(statement, 5, &row->state, sizeof(row->state));
	bind_blob(statement, 6, row->calls, row->call_count * sizeof(*row->calls));
	bind_blob(statement, 7, row->pairs[0], row->pair_count[0] * sizeof(struct guard_pair));
	bind_blob(statement, 8, row->pairs[1], row->pair_count[1] * sizeof(struct guard_pair));
	sqlite3_bind_int64(statement, 9, checksum(row));
	sqlite3_bind_int64(statement, 10, time(NULL));
	return store_step(store, statement);
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
		err = status == SQLITE_DONE ? -ENOENT : store_failed(store, "cannot be read");
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
		return store_failed(store, "cannot be read");
	while (!err && (status = sqlite3_step(statement)) == SQLITE_ROW)
		err = fn((const char *)sqlite3_column_text(statement, 0), data);
	if (!err && status != SQLITE_DONE)
		err = store_failed(store, "cannot be read");
	sqlite3_finalize(statement);
	return err;
}

int guard_store_drop_profiles(struct guard_store *store, uint64_t count)
{
	sqlite3_stmt *statement;
	int err;

	if (sqlite3_prepare_v2(store->db,
			       "DELETE FROM profiles WHERE path IN (SELECT path FROM profiles ORDER BY saved DESC, path"
			       " LIMIT -1 OFFSET ?)",
			       -1, &statement, NULL) != SQLITE_OK)
		return store_failed(store, "cannot be written");
	sqlite3_bind_int64(statement, 1, count);
	err = store_step(store, statement);
	sqlite3_finalize(statement);
	return err;
}
