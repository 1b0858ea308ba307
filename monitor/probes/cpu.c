// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
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

/* The iterator is not attached: it runs when it is called. */
static int attach(struct probe *probe, struct bpf_program *program)
{
	const struct cpu *bpf = probe->skeleton;

	return program == bpf->progs.monitor_cpu_follow ? 0 : -ENOENT;
}

static int follow(struct probe *probe)
{
	struct cpu *bpf = probe->skeleton;

	monitor_scope_tell_held(probe->scope, bpf->bss->alive);
	return probe_run_iterator(bpf->progs.monitor_cpu_follow);
}

const struct probe_ops probe_cpu = { PROBE_OF_SKELETON, .attach = attach, .describe = describe, .follow = follow };
