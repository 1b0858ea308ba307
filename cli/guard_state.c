// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_state.h"

#include <string.h>

#include "cli.h"
#include "guard_events.h"
#include "scope.h"

/* What is kept. Single anomalies are told to those who follow, and counted. */
#define KEPT (GUARD_ALARMS | GUARD_RESPONSES_DONE | GUARD_BECAME_NORMAL | GUARD_BECAME_TRAINING | GUARD_NEW_PROFILE)
#define LIMITED (GUARD_ALARMS | GUARD_RESPONSES_DONE)

static uint64_t now_of(const struct guard_state *state)
{
	return guard_kernel_env(state->programs->kernel)->now;
}

/* @event is taken over. */
static int tell(struct guard_state *state, json_t *event, const struct guard_record *record, bool keep)
{
	_cleanup_(json_decrefp) json_t *owned = event;
	int err = 0;

	if (!event)
		return -ENOMEM;
	if (keep)
		err = guard_history_add(state->history, event);
	if (state->server)
		guard_server_tell(state->server, event);
	if (state->told)
		state->told(state->data, event, record);
	return err;
}

/* An event of the guard itself: @word and more, as json_pack() has it. @more is taken over. */
static int tell_word(struct guard_state *state, const char *word, const char *program, json_t *more)
{
	_cleanup_(json_decrefp) json_t *owned = more;
	json_t *event;

	event = json_pack("{s:f, s:[s], s:s}", "time", guard_wall_time(now_of(state)), "events", word, "program",
			  program);
	if (event && more && json_object_update(event, more)) {
		json_decref(event);
		return -ENOMEM;
	}
	return tell(state, event, NULL, true);
}

static void tell_replaced(void *data, uint32_t number)
{
	struct guard_state *state = data;

	if (guard_limit_take(&state->limit, number, now_of(state)))
		tell_word(state, "replaced", guard_programs_name(state->programs, number), NULL);
}

int guard_state_init(struct guard_state *state, const struct guard_history_opts *opts)
{
	int err;

	err = guard_history_new(state->programs->store, opts, &state->history);
	if (err)
		return err;
	state->start = now_of(state);
	state->programs->replaced = tell_replaced;
	state->programs->data = state;
	return tell_word(state, "started", "", json_pack("{s:s, s:s}", "kview", KVIEW_VERSION, "scope", state->scope));
}

void guard_state_deinit(struct guard_state *state)
{
	guard_history_freep(&state->history);
	state->history = NULL;
	guard_limit_deinit(&state->limit);
}

int guard_state_take(struct guard_state *state, const struct guard_record *record)
{
	const struct guard_profile *profile;

	guard_programs_note(state->programs, record->profile, record->tgid);
	profile = guard_kernel_profile(state->programs->kernel, record->profile);
	state->alarms += !!(record->events & GUARD_ALARMS);
	/* A change of state is never left out, whatever comes with it. */
	if (record->events & LIMITED && !(record->events & (GUARD_BECAME_NORMAL | GUARD_BECAME_TRAINING)) &&
	    !guard_limit_take(&state->limit, record->profile, record->time))
		return 0;
	if (record->events & GUARD_NEW_PROFILE && !guard_limit_take(&state->limit, 0, record->time))
		return 0;
	return tell(state, guard_event_describe(record, guard_programs_name(state->programs, record->profile), profile),
		    record, record->events & KEPT);
}

int guard_state_note_operator(struct guard_state *state, const char *by, const char *what, const char *program,
			      const json_t *request)
{
	json_t *more = json_pack("{s:s, s:s, s:O*, s:O*}", "action", what, "by", by, "seconds",
				 json_object_get(request, "seconds"), "respond", json_object_get(request, "respond"));

	return tell_word(state, "operator", program, more);
}

static int tell_suppressed(struct guard_state *state, uint64_t now)
{
	uint32_t number, waiting, count = guard_kernel_profile_count(state->programs->kernel);
	int err = 0;

	for (number = 0; !err && number <= count; number++) {
		waiting = guard_limit_take_suppressed(&state->limit, number, now);
		if (waiting)
			err = tell_word(state, "suppressed", number ? guard_programs_name(state->programs, number) : "",
					json_pack("{s:i}", "count", (int)waiting));
	}
	return err;
}

bool guard_state_is_failing(const struct guard_state *state)
{
	return state->profiles_fail || state->events_fail;
}

/* The first failure of anything is told, and that all is saved again; not what is tried in between. */
static int note_saved(struct guard_state *state, bool *fails, int err)
{
	const char *reason = guard_store_reason(state->programs->store);
	bool failed = guard_state_is_failing(state);

	*fails = err;
	if (!failed && err) {
		cli_note("%s: %s; what is new waits in memory, and saving it is tried again", state->file, reason);
		tell_word(state, "unsaved", "", json_pack("{s:s}", "reason", reason));
	} else if (failed && !guard_state_is_failing(state)) {
		cli_note("%s: saved again", state->file);
		tell_word(state, "saved", "", NULL);
	}
	return err;
}

static int flush(struct guard_state *state)
{
	if (!guard_history_waiting(state->history) || !state->programs->store)
		return 0;
	return note_saved(state, &state->events_fail, guard_history_flush(state->history));
}

int guard_state_tick(struct guard_state *state)
{
	int err = tell_suppressed(state, now_of(state));

	flush(state);
	return err;
}

/* A disk may have room for one and not for the other. */
int guard_state_save(struct guard_state *state)
{
	int err, flush_err;

	if (!state->programs->store)
		return 0;
	err = note_saved(state, &state->profiles_fail, guard_programs_save(state->programs));
	if (!err)
		state->saved = now_of(state);
	flush_err = flush(state);
	err = err ?: flush_err;
	state->failed_saves += !!err;
	return err;
}

int guard_state_end(struct guard_state *state)
{
	tell_suppressed(state, UINT64_MAX);
	tell_word(state, "ended", "", NULL);
	return guard_state_save(state);
}
