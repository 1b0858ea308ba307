/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the store share. */
#ifndef GUARD_STORE_INTERNAL_H
#define GUARD_STORE_INTERNAL_H

#include <sqlite3.h>

#include "guard/store.h"

struct guard_store {
	sqlite3 *db;
	sqlite3_stmt *save, *load, *add_event;
	char reason[320];
};

/* What SQLite's last error means here; @what "cannot be read" is its subject in guard_store_reason(). */
int store_failed(struct guard_store *store, const char *what);

int store_execute(struct guard_store *store, const char *sql, const char *what);

/* Run @statement, which changes something and answers nothing, and take its parameters off. */
int store_step(struct guard_store *store, sqlite3_stmt *statement);

/* The number that @sql answers; 0 if it answers nothing. */
int store_get_number(struct guard_store *store, const char *sql, int64_t *ret_number);

/* Make the tables, or those of an earlier version into those of today; refuse what is something else, or damaged. */
int store_make_tables(struct guard_store *store);

#endif /* GUARD_STORE_INTERNAL_H */
