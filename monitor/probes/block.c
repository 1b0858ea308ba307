// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/types.h>

#include "block.skel.h"
#include "io_record.h"
#include "monitor/daemon/probe.h"

PROBE_SKELETON(block)

static const struct metric_desc duration = { "kview_block_io_seconds",
					     "Time block devices took for a request.",
					     METRIC_HISTOGRAM,
					     1e-9,
					     { "target", "operation" } };
static const struct metric_desc bytes = { "kview_block_io_bytes_total",
					  "Bytes block devices have read and written.",
					  METRIC_COUNTER,
					  1,
					  { "target", "operation" } };

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	static const char *const operations[IO_WHATS] = { "read", "write", "other" };
	const struct monitor_key *key = data;

	series->sample = &duration;
	series->extras[0] = &bytes;
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = operations[key->what % IO_WHATS];
	return series->labels[0];
}

const struct probe_ops probe_block = { PROBE_OF_SKELETON, .describe = describe };
