// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include <kview/kview.h>

#include "process.h"
#include "util/clock.h"

/* A series that is always set to what is now. */
struct kept {
	SLIST_ENTRY(kept) entry;
	const struct metric_desc *desc;
	char name[32]; /* its label */
	struct metric *metric;
	uint64_t last; /* of a counter */
	bool seen;
};

struct cost {
	struct metrics *metrics;
	int stats; /* -1: no times */
	SLIST_HEAD(, kept) list;
};

static const struct metric_desc runs = { "kview_monitor_program_runs_total", "Runs of the daemon's own BPF programs.",
					 METRIC_COUNTER, 1, { "program" } };
static const struct metric_desc run_time = { "kview_monitor_program_seconds_total",
					     "Time spent in them, without what leads there.", METRIC_COUNTER, 1e-9,
					     { "program" } };
static const struct metric_desc missed = { "kview_monitor_program_missed_total",
					   "Times they could not run, because another ran.", METRIC_COUNTER, 1,
					   { "program" } };
static const struct metric_desc in_view = { "kview_monitor_program_in_view",
					    "1: only the targets pay for it, in their view of the kernel.",
					    METRIC_GAUGE,
					    1,
					    { "program" } };
static const struct metric_desc map_bytes = { "kview_monitor_map_bytes",
					      "Memory of the daemon's BPF maps.",
					      METRIC_GAUGE,
					      1,
					      { "probe" } };
static const struct metric_desc lost = { "kview_monitor_lost_total", "What found no room in a map.", METRIC_COUNTER, 1,
					 { "probe" } };
static const struct metric_desc cpu = { "kview_monitor_cpu_seconds_total",
					"CPU time of the daemon.",
					METRIC_COUNTER,
					1e-9,
					{} };
static const struct metric_desc resident = { "kview_monitor_resident_bytes",
					     "Resident memory of the daemon.",
					     METRIC_GAUGE,
					     1,
					     {} };
static const struct metric_desc series = { "kview_monitor_series", "Series there are.", METRIC_GAUGE, 1, {} };
static const struct metric_desc others = { "kview_monitor_series_refused_total",
					   "Times something was counted as \"other\" for lack of series.",
					   METRIC_COUNTER,
					   1,
					   {} };

int cost_open(struct metrics *metrics, bool times, struct cost **ret_cost)
{
	struct cost *cost = calloc(1, sizeof(*cost));

	if (!cost)
		return -ENOMEM;
	SLIST_INIT(&cost->list);
	cost->metrics = metrics;
	cost->stats = times ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
	*ret_cost = cost;
	return 0;
}

static void forget(struct cost *cost, struct kept *kept)
{
	SLIST_REMOVE(&cost->list, kept, kept, entry);
	metrics_put(cost->metrics, kept->metric);
	free(kept);
}

void cost_close(struct cost *cost)
{
	if (!cost)
		return;
	while (!SLIST_EMPTY(&cost->list))
		forget(cost, SLIST_FIRST(&cost->list));
	closep(&cost->stats);
	free(cost);
}

static struct kept *get(struct cost *cost, const struct metric_desc *desc, const char *name)
{
	const char *const labels[METRIC_LABELS] = { name };
	struct kept *kept;

	SLIST_FOREACH(kept, &cost->list, entry)
		if (kept->desc == desc && !strcmp(kept->name, name))
			return kept;
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	snprintf(kept->name, sizeof(kept->name), "%s", name);
	kept->desc = desc;
	if (metrics_get(cost->metrics, desc, labels, &kept->metric)) {
		free(kept);
		return NULL;
	}
	SLIST_INSERT_HEAD(&cost->list, kept, entry);
	return kept;
}

static void set(struct cost *cost, const struct metric_desc *desc, const char *name, double value)
{
	struct kept *kept = get(cost, desc, name);

	if (!kept)
		return;
	kept->seen = true;
	metric_set(kept->metric, value);
}

/* A probe that was stopped and started counts from 0 again. */
static void count_to(struct cost *cost, const struct metric_desc *desc, const char *name, uint64_t value)
{
	struct kept *kept = get(cost, desc, name);

	if (!kept)
		return;
	kept->seen = true;
	metric_add(kept->metric, value < kept->last ? value : value - kept->last);
	kept->last = value;
}

static int add_program(const struct bpf_program *program, const struct kview_counts *view, void *data)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	struct cost *cost = data;
	const char *name = bpf_program__name(program);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
		return 0;
	if (view || cost->stats >= 0)
		count_to(cost, &runs, name, view ? view->runs : info.run_cnt);
	if (cost->stats >= 0)
		count_to(cost, &run_time, name, info.run_time_ns);
	count_to(cost, &missed, name, view ? view->missed : info.recursion_misses);
	set(cost, &in_view, name, view != NULL);
	return 0;
}

/* By the kernel's account. */
static uint64_t bytes_of(const struct bpf_map *map)
{
	char path[64], line[128];
	uint64_t bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %" SCNu64, &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes;
}

/* An object that shares a map has it, too. */
static bool is_of_another(const struct bpf_map *map, const char *owner)
{
	const char *name = bpf_map__name(map);

	return (!strncmp(name, "scope_", 6) && strcmp(owner, "scope")) ||
	       (!strcmp(name, "sessions") && strcmp(owner, "tcp"));
}

static double bytes_of_object(const struct bpf_object *object, const char *owner)
{
	struct bpf_map *map;
	double bytes = 0;

	bpf_object__for_each_map(map, object)
		bytes += is_of_another(map, owner) ? 0 : bytes_of(map);
	return bytes;
}

static void add_scope(struct cost *cost, const struct monitor_scope *scope)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, monitor_scope_object(scope))
		add_program(program, NULL, cost);
	set(cost, &map_bytes, "scope", bytes_of_object(monitor_scope_object(scope), "scope"));
	count_to(cost, &lost, "scope", monitor_scope_lost(scope));
}

static void add_process(struct cost *cost)
{
	struct process_stat stat;
	struct rusage usage;

	if (!getrusage(RUSAGE_SELF, &usage))
		count_to(cost, &cpu, "",
			 (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_SECOND +
				 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL);
	if (!process_stat(getpid(), &stat))
		set(cost, &resident, "", stat.resident);
	set(cost, &series, "", metrics_count(cost->metrics));
	count_to(cost, &others, "", metrics_refused(cost->metrics));
}

/* Series of probes that no longer run. */
static void forget_unseen(struct cost *cost)
{
	struct kept *kept, *next;

	for (kept = SLIST_FIRST(&cost->list); kept; kept = next) {
		next = SLIST_NEXT(kept, entry);
		if (!kept->seen)
			forget(cost, kept);
		else
			kept->seen = false;
	}
}

int cost_collect(struct cost *cost, const struct monitor_scope *scope, struct probe *const *probes, size_t count)
{
	add_scope(cost, scope);
	for (size_t i = 0; i < count; i++) {
		const char *name = monitor_probes[probes[i]->kind].name;

		if (!probe_object(probes[i]))
			continue;
		probe_each_program(probes[i], add_program, cost);
		set(cost, &map_bytes, name, bytes_of_object(probe_object(probes[i]), name));
		count_to(cost, &lost, name, probe_lost(probes[i]));
	}
	add_process(cost);
	forget_unseen(cost);
	return 0;
}
