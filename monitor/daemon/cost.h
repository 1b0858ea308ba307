/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon itself costs, as metrics like all others. */
#ifndef KVIEW_MONITOR_COST_H
#define KVIEW_MONITOR_COST_H

#include "probe.h"

struct cost;

/* The kernel keeps times of programs as long as this is open, for all programs of the machine, if @times. */
int cost_open(struct metrics *metrics, bool times, struct cost **ret_cost);
void cost_close(struct cost *cost);
DEFINE_CLEANUP(struct cost *, cost_close)

/* Bring the series up to date: @probes[@count] that run, and the scope's own programs. */
int cost_collect(struct cost *cost, const struct monitor_scope *scope, struct probe *const *probes, size_t count);

#endif /* KVIEW_MONITOR_COST_H */
