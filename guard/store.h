/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles on disk: an SQLite database of one row for each executable. What is saved is there after any crash, whole or
 * as it was before; each row has a checksum of its own.
 */
#ifndef GUARD_STORE_H
#define GUARD_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "guard/memory.h"
#include "util/cleanup.h"

struct guard_store;

/* Open the database @path, or make it. */
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

#endif /* GUARD_STORE_H */
