/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened, kept in the database of the profiles: alarms, responses, changes of state, what operators did. An event
 * waits in memory until guard_history_flush(), also while the disk is full, where there is room for some thousands; the
 * oldest have to make room for the newest.
 */
#ifndef KVIEW_CLI_GUARD_HISTORY_H
#define KVIEW_CLI_GUARD_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "guard/store.h"

#define GUARD_HISTORY_COUNT 100000 /* events that are kept: some 30 MB */
#define GUARD_HISTORY_DAYS 90	   /* so long */
#define GUARD_HISTORY_WAITING 4096 /* that are kept in memory */
#define GUARD_HISTORY_ANSWER 1000  /* of them in one answer */

struct guard_history;

struct guard_history_opts {
	uint64_t count; /* 0: GUARD_HISTORY_COUNT */
	double days;	/* 0: GUARD_HISTORY_DAYS */
};

/* In @store, which stays the caller's; NULL: in memory alone. */
int guard_history_new(struct guard_store *store, const struct guard_history_opts *opts,
		      struct guard_history **ret_history);
void guard_history_free(struct guard_history *history);
DEFINE_CLEANUP(struct guard_history *, guard_history_free)

/* Keep @event, an object with "time" and "program", and give it its "id". */
int guard_history_add(struct guard_history *history, json_t *event);

/* Save what waits, and forget what is too old or too much. All that waits goes on waiting when that fails. */
int guard_history_flush(struct guard_history *history);

/* Events that wait; that were given up because too many waited. */
size_t guard_history_waiting(const struct guard_history *history);
uint64_t guard_history_lost(const struct guard_history *history);

/* The answer to @request, see docs/guard-protocol.md: a new reference; NULL: no memory. */
json_t *guard_history_answer(struct guard_history *history, const json_t *request);

#endif /* KVIEW_CLI_GUARD_HISTORY_H */
