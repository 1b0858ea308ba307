// SPDX-License-Identifier: GPL-2.0-or-later
#include "gauges.h"

static int set(struct metric **metric, struct metrics *metrics, const struct metric_desc *desc, const char *name,
	       uint64_t value)
{
	int err = name && !*metric ? metrics_get(metrics, desc, &name, metric) : 0;

	if (err)
		return err;
	if (name) {
		metric_set(*metric, value);
	} else if (*metric) {
		metrics_put(metrics, *metric);
		*metric = NULL;
	}
	return 0;
}

int gauges_set(struct gauges *gauges, struct metrics *metrics, const struct metric_desc *desc,
	       const struct monitor_scope *scope, const uint64_t *values)
{
	int err = 0;

	for (uint32_t i = 1; !err && i <= MONITOR_TARGETS; i++)
		err = set(&gauges->metrics[i], metrics, desc, monitor_scope_name(scope, i), values[i]);
	return err;
}

void gauges_deinit(struct gauges *gauges, struct metrics *metrics)
{
	for (uint32_t i = 0; i <= MONITOR_TARGETS; i++)
		metrics_put(metrics, gauges->metrics[i]);
}
