/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probes that run, as the configuration has it. */
#ifndef KVIEW_MONITOR_PROBE_SET_H
#define KVIEW_MONITOR_PROBE_SET_H

#include <stdbool.h>

#include "probe.h"

struct probe_set {
	struct monitor_scope *scope;
	struct metrics *metrics;
	struct probe probes[MONITOR_PROBES];
	bool running[MONITOR_PROBES];
};

/*
 * Those that are to run by @wanted[MONITOR_PROBES] run; those that ran with the same options go on. What fails is told;
 * the first failure is returned when all others have been tried.
 */
int probe_set_apply(struct probe_set *set, const struct monitor_probe_config *wanted);
void probe_set_stop(struct probe_set *set);

/* Somebody has joined, or the configuration is another one. */
void probe_set_follow(struct probe_set *set);

/* Bring the series of all up to date. */
int probe_set_collect(struct probe_set *set, uint64_t now, uint64_t forget);

/* Those that run, into @ret_probes[MONITOR_PROBES]; returns how many. */
size_t probe_set_running(struct probe_set *set, struct probe **ret_probes);

#endif /* KVIEW_MONITOR_PROBE_SET_H */
