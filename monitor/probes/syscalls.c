// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/types.h>
#include <stdio.h>

#include <kview/kview.h>

#include "syscalls.skel.h"
#include "monitor/daemon/probe.h"

PROBE_SKELETON(syscalls)

static const struct metric_desc duration = { "kview_syscall_seconds",
					     "Duration of system calls.",
					     METRIC_HISTOGRAM,
					     1e-9,
					     { "target", "syscall" } };
static const struct metric_desc errors = { "kview_syscall_errors_total",
					   "System calls that failed.",
					   METRIC_COUNTER,
					   1,
					   { "target", "syscall" } };

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	const struct monitor_key *key = data;

	series->sample = &duration;
	series->extras[0] = &errors;
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = kview_syscall_name(key->what);
	if (!series->labels[1]) {
		snprintf(series->text[1], sizeof(series->text[1]), "%u", key->what);
		series->labels[1] = series->text[1];
	}
	return series->labels[0];
}

const struct probe_ops probe_syscalls = { PROBE_OF_SKELETON, .describe = describe };
