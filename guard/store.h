/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles and events on disk: an SQLite database of one row for each executable, and for each event. What is saved is
 * there after any crash, whole or as it was before; each row has a checksum of its own.
 */
#ifndef GUARD_STORE_H
#define GUARD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/memory.h"
#include "util/cleanup.h"

struct guard_store;

/*
 * Open the database @path, or make it. One of an earlier version is made one of today. -EPROTO: it is something else,
 * or of a later version; -EBADMSG: it is damaged, or no database. In neither case is anything written to it.
 */
int guard_store_open(const char *path, struct guard_store **ret_store);
void guard_store_close(struct guard_store *store);
DEFINE_CLEANUP(struct guard_store *, guard_store_close)

/* Why the last call failed, as one line without a full stop. @store NULL: guard_store_open(), of this thread. */
const char *guard_store_reason(const struct guard_store *store);

/* Saves between the first and the second of these are all kept, or none; with the third in its place, none. */
int guard_store_begin(struct guard_store *store);
int guard_store_commit(struct guard_store *store);
int guard_store_rollback(struct guard_store *store);

/* Save @profile of the executable @path, in place of what was saved of it. */
int guard_store_save(struct guard_store *store, const char *path, struct guard_env *env, struct guard_profile *profile);

/*
 * Load what was saved of @path into @profile, which knows nothing yet and keeps its identity. Another identity than
 * when it was saved means the file was replaced: then the profile keeps what it knows and trains. -ENOENT: nothing was
 * saved. -EBADMSG: the row is damaged, and @profile as it was.
 */
int guard_store_load(struct guard_store *store, const char *path, struct guard_env *env, struct guard_profile *profile);

/* Walk the paths of what is saved, in their order. */
typedef int (*guard_store_fn)(const char *path, void *data);
int guard_store_each(struct guard_store *store, guard_store_fn fn, void *data);

/* Forget the profiles saved longest ago, but for @count of them. */
int guard_store_drop_profiles(struct guard_store *store, uint64_t count);

/* --- events --- */

struct guard_stored_event {
	int64_t id;   /* from 1, one more with each, never given twice */
	int64_t time; /* ns since 1970 */
	const char *program, *text;
};

struct guard_event_query {
	int64_t after;	      /* this id */
	int64_t since, until; /* ns since 1970: from the first on, before the second; 0: without bound */
	const char *program;  /* path, or the last part of one; NULL: any */
	uint32_t limit;	      /* not more of them: */
	bool newest;	      /* the last; else the first. The order is that of their ids */
};

int guard_store_add_event(struct guard_store *store, const struct guard_stored_event *event);

/* The id that was given last; 0: none yet. */
int guard_store_last_event(struct guard_store *store, int64_t *ret_id);

/* Forget all but the last @count, and those from before the time @before. */
int guard_store_drop_events(struct guard_store *store, uint64_t count, int64_t before);

/* Walk events; the strings are valid until @fn returns. *damaged grows by one for each that is left out. */
typedef int (*guard_stored_event_fn)(const struct guard_stored_event *event, void *data);
int guard_store_each_event(struct guard_store *store, const struct guard_event_query *query, guard_stored_event_fn fn,
			   void *data, uint64_t *damaged);

#endif /* GUARD_STORE_H */
