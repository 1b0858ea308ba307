// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/types.h>

#include "cpu.skel.h"
#include "cpu_record.h"
#include "monitor/daemon/probe.h"

PROBE_SKELETON(cpu)

static const struct metric_desc families[CPU_WHATS] = {
	[CPU_RAN] = { "kview_cpu_seconds", "Time threads ran on a CPU, each until it left it.", METRIC_HISTOGRAM, 1e-9,
		      { "target" } },
	[CPU_QUEUED] = { "kview_cpu_queue_seconds", "Time threads waited for a CPU before they ran.", METRIC_HISTOGRAM,
			 1e-9, { "target" } },
	[CPU_SLEPT] = { "kview_cpu_off_seconds", "Time threads slept before they ran again.", METRIC_HISTOGRAM, 1e-9,
			{ "target" } },
};

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	const struct monitor_key *key = data;

	series->sample = &families[key->what % CPU_WHATS];
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	return series->labels[0];
}

const struct probe_ops probe_cpu = { PROBE_OF_SKELETON, .describe = describe };
