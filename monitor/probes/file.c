// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/types.h>

#include "file.skel.h"
#include "io_record.h"
#include "monitor/daemon/probe.h"

PROBE_SKELETON(file)

static const struct metric_desc duration = { "kview_file_io_seconds",
					     "Duration of reads and writes of regular files, and of syncs.",
					     METRIC_HISTOGRAM,
					     1e-9,
					     { "target", "operation" } };
static const struct metric_desc bytes = { "kview_file_io_bytes_total",
					  "Bytes read from and written to regular files.",
					  METRIC_COUNTER,
					  1,
					  { "target", "operation" } };

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	static const char *const operations[IO_WHATS] = { [IO_READ] = "read", [IO_WRITE] = "write", [IO_SYNC] = "sync" };
	const struct monitor_key *key = data;

	series->sample = &duration;
	series->extras[0] = key->what == IO_SYNC ? NULL : &bytes;
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = operations[key->what % IO_WHATS];
	return series->labels[0];
}

const struct probe_ops probe_file = { PROBE_OF_SKELETON, .describe = describe };
