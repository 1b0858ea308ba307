/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guard that serves: what it knows, keeps and tells. The sockets are guard_server.c's, questions guard_requests.c's. */
#ifndef KVIEW_CLI_GUARD_STATE_H
#define KVIEW_CLI_GUARD_STATE_H

#include <jansson.h>
#include <stdbool.h>

#include "guard/programs.h"
#include "guard_history.h"
#include "guard_limit.h"
#include "guard_server.h"

/* Called with each event after it was kept and sent; @record: of the kernel, or NULL. */
typedef void (*guard_told_fn)(void *data, const json_t *event, const struct guard_record *record);

struct guard_state {
	struct guard_programs *programs;
	const char *file;      /* of the profiles; NULL: nothing is saved */
	const char *scope;     /* "view", "machine", "cgroups" */
	uint64_t start, saved; /* ns since boot; 0: never */
	uint64_t failed_saves;
	uint64_t alarms; /* told or not */
	bool profiles_fail, events_fail; /* to be saved, the last time it was tried */
	struct guard_history *history;
	struct guard_limit limit;
	struct guard_server *server; /* NULL: nobody can follow */
	guard_told_fn told;
	void *data;
};

/* What the caller has set stays; begins the history, with an event. 0 or a negative errno. */
int guard_state_init(struct guard_state *state, const struct guard_history_opts *opts);
void guard_state_deinit(struct guard_state *state);

/* Something happened in the kernel. */
int guard_state_take(struct guard_state *state, const struct guard_record *record);

/* An operator, @by, has done @what about @program; @request may say more. */
int guard_state_note_operator(struct guard_state *state, const char *by, const char *what, const char *program,
			      const json_t *request);

/* Every second: save events, and what is said about limits. Profiles are saved with guard_state_save(). */
int guard_state_tick(struct guard_state *state);

/* Save all profiles, and events. Prints why not, once. */
int guard_state_save(struct guard_state *state);

/* Something new cannot be saved at the moment. */
bool guard_state_is_failing(const struct guard_state *state);

/* The last event, and all that waits. */
int guard_state_end(struct guard_state *state);

#endif /* KVIEW_CLI_GUARD_STATE_H */
