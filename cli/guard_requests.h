/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guard that serves answers: see docs/guard-protocol.md. */
#ifndef KVIEW_CLI_GUARD_REQUESTS_H
#define KVIEW_CLI_GUARD_REQUESTS_H

#include "guard_state.h"

/* A guard_answer_fn; @state is a struct guard_state. */
json_t *guard_answer(void *state, const char *what, const json_t *request, const struct guard_asker *asker);

#endif /* KVIEW_CLI_GUARD_REQUESTS_H */
