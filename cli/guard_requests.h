/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guard that serves answers: see docs/guard-protocol.md. */
#ifndef KVIEW_CLI_GUARD_REQUESTS_H
#define KVIEW_CLI_GUARD_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>

#include "guard/programs.h"

/* What requests are answered from; a guard_answer_fn's data. */
struct guard_state {
	struct guard_programs *programs;
	const char *scope;     /* "view", "machine", "cgroups" */
	bool can_refuse;       /* exec */
	uint64_t start, saved; /* ns since boot; 0: never */
	uint64_t failed_saves;
};

json_t *guard_answer(void *state, const char *what, const json_t *request, bool may_change);

/* Save all profiles. Prints why not. */
int guard_state_save(struct guard_state *state);

#endif /* KVIEW_CLI_GUARD_REQUESTS_H */
