// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of events. */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "guard/store_internal.h"

static const char in_order[] =
	"SELECT id, time, program, text, checksum FROM events WHERE id > ?1 AND time >= ?2 AND"
	" time < ?3 AND (?4 IS NULL OR program = ?4 OR substr(program, -length(?4) - 1) = '/' || ?4)"
	" ORDER BY id LIMIT ?5";
static const char newest[] = "SELECT * FROM (SELECT id, time, program, text, checksum FROM events WHERE id > ?1 AND"
			     " time >= ?2 AND time < ?3 AND"
			     " (?4 IS NULL OR program = ?4 OR substr(program, -length(?4) - 1) = '/' || ?4)"
			     " ORDER BY id DESC LIMIT ?5) ORDER BY id";

static uint32_t checksum(const struct guard_stored_event *event)
{
	const int64_t numbers[] = { event->id, event->time };
	uint32_t crc;

	crc = crc32(crc32(0, NULL, 0), (const void *)numbers, sizeof(numbers));
	crc = crc32(crc, (const void *)event->program, strlen(event->program) + 1);
	return crc32(crc, (const void *)event->text, strlen(event->text));
}

int guard_store_add_event(struct guard_store *store, const struct guard_stored_event *event)
{
	sqlite3_stmt *statement = store->add_event;

	sqlite3_bind_int64(statement, 1, event->id);
	sqlite3_bind_int64(statement, 2, event->time);
	sqlite3_bind_text(statement, 3, event->program, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, event->text, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, checksum(event));
	return store_step(store, statement);
}

int guard_store_last_event(struct guard_store *store, int64_t *ret_id)
{
	return store_get_number(store, "SELECT seq FROM sqlite_sequence WHERE name = 'events'", ret_id);
}

int guard_store_drop_events(struct guard_store *store, uint64_t count, int64_t before)
{
	sqlite3_stmt *statement;
	int err;

	/* Numbers have no gaps, so the bound on their count is a bound on them. */
	if (sqlite3_prepare_v2(store->db,
			       "DELETE FROM events WHERE time < ?1 OR id <= (SELECT max(id) FROM events) - ?2", -1,
			       &statement, NULL) != SQLITE_OK)
		return store_failed(store, "cannot be written");
	sqlite3_bind_int64(statement, 1, before);
	sqlite3_bind_int64(statement, 2, count);
	err = store_step(store, statement);
	sqlite3_finalize(statement);
	return err;
}

static int take_row(sqlite3_stmt *row, guard_stored_event_fn fn, void *data, uint64_t *damaged)
{
	const struct guard_stored_event event = {
		.id = sqlite3_column_int64(row, 0),
		.time = sqlite3_column_int64(row, 1),
		.program = (const char *)sqlite3_column_text(row, 2) ?: "",
		.text = (const char *)sqlite3_column_text(row, 3) ?: "",
	};

	if (checksum(&event) == sqlite3_column_int64(row, 4))
		return fn(&event, data);
	++*damaged;
	return 0;
}

int guard_store_each_event(struct guard_store *store, const struct guard_event_query *query, guard_stored_event_fn fn,
			   void *data, uint64_t *damaged)
{
	sqlite3_stmt *statement;
	int status, err = 0;

	if (sqlite3_prepare_v2(store->db, query->newest ? newest : in_order, -1, &statement, NULL) != SQLITE_OK)
		return store_failed(store, "cannot be read");
	sqlite3_bind_int64(statement, 1, query->after);
	sqlite3_bind_int64(statement, 2, query->since);
	sqlite3_bind_int64(statement, 3, query->until ?: INT64_MAX);
	if (query->program)
		sqlite3_bind_text(statement, 4, query->program, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, query->limit);
	while (!err && (status = sqlite3_step(statement)) == SQLITE_ROW)
		err = take_row(statement, fn, data, damaged);
	if (!err && status != SQLITE_DONE)
		err = store_failed(store, "cannot be read");
	sqlite3_finalize(statement);
	return err;
}
