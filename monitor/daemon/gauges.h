/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A gauge of each target: what it has of something now. */
#ifndef KVIEW_MONITOR_GAUGES_H
#define KVIEW_MONITOR_GAUGES_H

#include "config.h"
#include "metrics.h"
#include "scope.h"

struct gauges {
	struct metric *metrics[MONITOR_TARGETS + 1]; /* by number; NULL: there is no such target */
};

/* By @values, which has MONITOR_TARGETS + 1 of them; those of targets that are gone go. -ENOMEM */
int gauges_set(struct gauges *gauges, struct metrics *metrics, const struct metric_desc *desc,
	       const struct monitor_scope *scope, const uint64_t *values);
void gauges_deinit(struct gauges *gauges, struct metrics *metrics);

#endif /* KVIEW_MONITOR_GAUGES_H */
