// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_history.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "guard_server.h"
#include "scope.h"

#define SECONDS_MAX 9e9 /* in ns they fit an int64_t */

struct kept {
	int64_t id, time;
	char *program, *text; /* the event as JSON, without its id */
};

struct guard_history {
	struct guard_store *store;
	struct guard_history_opts opts;
	struct kept *waiting; /* a ring */
	size_t first, count;
	int64_t last_id;
	uint64_t lost;
};

int guard_history_new(struct guard_store *store, const struct guard_history_opts *opts,
		      struct guard_history **ret_history)
{
	_cleanup_(guard_history_freep) struct guard_history *history = calloc(1, sizeof(*history));
	int err;

	if (!history)
		return -ENOMEM;
	history->waiting = calloc(GUARD_HISTORY_WAITING, sizeof(*history->waiting));
	if (!history->waiting)
		return -ENOMEM;
	history->store = store;
	history->opts.count = opts->count ?: GUARD_HISTORY_COUNT;
	history->opts.days = opts->days ?: GUARD_HISTORY_DAYS;
	err = store ? guard_store_last_event(store, &history->last_id) : 0;
	if (err)
		return err;
	*ret_history = TAKE_PTR(history);
	return 0;
}

static struct kept *waiting_at(const struct guard_history *history, size_t i)
{
	return &history->waiting[(history->first + i) % GUARD_HISTORY_WAITING];
}

static void drop_first(struct guard_history *history)
{
	struct kept *kept = waiting_at(history, 0);

	free(kept->program);
	free(kept->text);
	history->first = (history->first + 1) % GUARD_HISTORY_WAITING;
	history->count--;
}

void guard_history_free(struct guard_history *history)
{
	if (!history)
		return;
	while (history->waiting && history->count)
		drop_first(history);
	free(history->waiting);
	free(history);
}

size_t guard_history_waiting(const struct guard_history *history)
{
	return history->count;
}

uint64_t guard_history_lost(const struct guard_history *history)
{
	return history->lost;
}

int guard_history_add(struct guard_history *history, json_t *event)
{
	_cleanup_(freep) char *text = json_dumps(event, JSON_COMPACT);
	_cleanup_(freep) char *program = strdup(json_string_value(json_object_get(event, "program")) ?: "");
	int64_t id = history->last_id + 1;

	if (!text || !program || json_object_set_new(event, "id", json_integer(id)))
		return -ENOMEM;
	if (history->count == GUARD_HISTORY_WAITING) {
		drop_first(history);
		history->lost += !!history->store;
	}
	*waiting_at(history, history->count++) = (struct kept){
		.id = id,
		.time = json_number_value(json_object_get(event, "time")) * 1e9,
		.program = TAKE_PTR(program),
		.text = TAKE_PTR(text),
	};
	history->last_id = id;
	return 0;
}

static int save_waiting(struct guard_history *history)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < history->count; i++) {
		const struct kept *kept = waiting_at(history, i);

		err = guard_store_add_event(history->store, &(struct guard_stored_event){ .id = kept->id,
											  .time = kept->time,
											  .program = kept->program,
											  .text = kept->text });
	}
	return err;
}

int guard_history_flush(struct guard_history *history)
{
	int64_t oldest = (time(NULL) - history->opts.days * 86400) * 1e9;
	int err;

	if (!history->store || !history->count)
		return 0;
	err = guard_store_begin(history->store);
	if (err)
		return err;
	err = save_waiting(history);
	if (!err)
		err = guard_store_drop_events(history->store, history->opts.count, oldest);
	if (!err)
		err = guard_store_commit(history->store);
	else
		guard_store_rollback(history->store);
	while (!err && history->count)
		drop_first(history);
	return err;
}

/* --- questions --- */

/* Of one program, as guard_store_each_event() understands it. */
static bool is_of(const char *program, const char *wanted)
{
	const char *name = strrchr(program, '/');

	return !wanted || !strcmp(program, wanted) || (name && !strcmp(name + 1, wanted));
}

static bool matches(const struct kept *kept, const struct guard_event_query *query)
{
	return kept->id > query->after && kept->time >= query->since && (!query->until || kept->time < query->until) &&
	       is_of(kept->program, query->program);
}

static int take_event(const struct guard_stored_event *stored, void *data)
{
	json_t *event = json_loads(stored->text, 0, NULL);

	if (!event)
		return -ENOMEM;
	json_object_set_new(event, "id", json_integer(stored->id));
	return json_array_append_new(data, event) ? -ENOMEM : 0;
}

static int take_waiting(const struct guard_history *history, const struct guard_event_query *query, json_t *events)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < history->count; i++) {
		const struct kept *kept = waiting_at(history, i);

		if (matches(kept, query) && (query->newest || json_array_size(events) < query->limit))
			err = take_event(&(struct guard_stored_event){ .id = kept->id, .text = kept->text }, events);
		if (!err && json_array_size(events) > query->limit)
			json_array_remove(events, 0);
	}
	return err;
}

/* NULL, or what is wrong with @request. */
static json_t *read_query(const json_t *request, struct guard_event_query *query)
{
	const json_t *limit = json_object_get(request, "limit"), *program = json_object_get(request, "profile");
	double since = json_number_value(json_object_get(request, "since"));
	double until = json_number_value(json_object_get(request, "until"));

	if (!(since >= 0 && since <= SECONDS_MAX && until >= 0 && until <= SECONDS_MAX))
		return guard_server_refusal("since, until: expected seconds since 1970");
	if (limit && (json_integer_value(limit) < 1 || json_integer_value(limit) > GUARD_HISTORY_ANSWER))
		return guard_server_refusal("limit: expected a number of events, 1 to %d", GUARD_HISTORY_ANSWER);
	if (program && !json_is_string(program))
		return guard_server_refusal("profile: expected a path or name");
	*query = (struct guard_event_query){
		.after = json_integer_value(json_object_get(request, "after")),
		.since = since * 1e9,
		.until = until * 1e9,
		.program = json_string_value(program),
		.limit = limit ? json_integer_value(limit) : GUARD_HISTORY_ANSWER,
		.newest = json_is_true(json_object_get(request, "newest")),
	};
	return NULL;
}

json_t *guard_history_answer(struct guard_history *history, const json_t *request)
{
	_cleanup_(json_decrefp) json_t *events = json_array();
	struct guard_event_query query;
	uint64_t damaged = 0;
	json_t *refusal;
	int err = 0;

	refusal = read_query(request, &query);
	if (refusal)
		return refusal;
	if (history->store)
		err = guard_store_each_event(history->store, &query, take_event, events, &damaged);
	if (err)
		return guard_server_refusal("the events %s", guard_store_reason(history->store));
	if (take_waiting(history, &query, events))
		return NULL;
	return json_pack("{s:b, s:O, s:b, s:I, s:I}", "ok", 1, "events", events, "more",
			 !query.newest && json_array_size(events) == query.limit, "last", (json_int_t)history->last_id,
			 "damaged", (json_int_t)damaged);
}
