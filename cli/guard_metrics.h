/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of a guard that serves, in Prometheus' text format. */
#ifndef KVIEW_CLI_GUARD_METRICS_H
#define KVIEW_CLI_GUARD_METRICS_H

#include <stdio.h>

#include "guard_state.h"

/* -ENOMEM, -EIO */
int guard_metrics_write(struct guard_state *state, FILE *out);

#endif /* KVIEW_CLI_GUARD_METRICS_H */
