// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes, threads, memory and page faults: what /proc knows already, so no program is needed. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "monitor/daemon/probe.h"
#include "monitor/daemon/process.h"

/* One process, as it was seen the last time. Faults between that and its end are not known. */
struct known {
	TAILQ_ENTRY(known) entry;
	pid_t pid;
	uint32_t target;
	struct process_stat stat;
	bool seen;
};

enum what {
	PROCESSES,
	THREADS,
	RESIDENT,
	MINOR,
	MAJOR,
	WHATS,
};

struct totals {
	const char *name; /* of the target the series are of */
	uint64_t processes, threads, resident;
	struct metric *metrics[WHATS];
};

struct state {
	void *tree; /* of struct known, by pid */
	TAILQ_HEAD(, known) list;
	struct totals targets[MONITOR_TARGETS + 1];
};

#define LABELS { "target" }

static const struct metric_desc families[WHATS] = {
	[PROCESSES] = { "kview_processes", "Processes there are.", METRIC_GAUGE, 1, LABELS },
	[THREADS] = { "kview_threads", "Threads there are.", METRIC_GAUGE, 1, LABELS },
	[RESIDENT] = { "kview_memory_resident_bytes",
		       "Resident memory of the processes; what they share counts for each.", METRIC_GAUGE, 1, LABELS },
	[MINOR] = { "kview_page_faults_minor_total", "Page faults that needed no device.", METRIC_COUNTER, 1, LABELS },
	[MAJOR] = { "kview_page_faults_major_total", "Page faults that waited for a device.", METRIC_COUNTER, 1,
		    LABELS },
};

static int compare(const void *a, const void *b)
{
	const struct known *one = a, *other = b;

	return one->pid < other->pid ? -1 : one->pid > other->pid;
}

static void forget(struct state *state, struct known *known)
{
	tdelete(known, &state->tree, compare);
	TAILQ_REMOVE(&state->list, known, entry);
	free(known);
}

/* NULL: no memory. What a process did before it was first seen is not counted. */
static struct known *get(struct state *state, pid_t pid, const struct process_stat *stat)
{
	struct known wanted = { .pid = pid }, *known;
	struct known *const *found = tfind(&wanted, &state->tree, compare);

	if (found && (*found)->stat.start == stat->start)
		return *found;
	if (found)
		forget(state, *found);
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->pid = pid;
	known->stat = *stat;
	if (!tsearch(known, &state->tree, compare)) {
		free(known);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&state->list, known, entry);
	return known;
}

static int look_at(pid_t pid, uint32_t target, void *data)
{
	struct state *state = data;
	struct totals *totals = &state->targets[target <= MONITOR_TARGETS ? target : 0];
	struct process_stat stat;
	struct known *known;

	if (process_stat(pid, &stat))
		return 0;
	known = get(state, pid, &stat);
	if (!known)
		return -ENOMEM;
	known->seen = true;
	totals->processes++;
	totals->threads += stat.threads;
	totals->resident += stat.resident;
	if (totals->metrics[MINOR]) {
		metric_add(totals->metrics[MINOR], stat.minor_faults - known->stat.minor_faults);
		metric_add(totals->metrics[MAJOR], stat.major_faults - known->stat.major_faults);
	}
	known->stat = stat;
	return 0;
}

static void put_metrics(struct probe *probe, struct totals *totals)
{
	for (size_t i = 0; i < WHATS; i++) {
		metrics_put(probe->metrics, totals->metrics[i]);
		totals->metrics[i] = NULL;
	}
}

static int get_metrics(struct probe *probe, struct totals *totals, const char *name)
{
	int err = 0;

	for (size_t i = 0; !err && i < WHATS; i++)
		err = totals->metrics[i] ? 0 : metrics_get(probe->metrics, &families[i], &name, &totals->metrics[i]);
	return err;
}

static int begin(struct probe *probe, struct state *state)
{
	int err = 0;

	for (uint32_t i = 1; !err && i <= MONITOR_TARGETS; i++) {
		struct totals *totals = &state->targets[i];

		totals->name = monitor_scope_name(probe->scope, i);
		totals->processes = totals->threads = totals->resident = 0;
		if (totals->name)
			err = get_metrics(probe, totals, totals->name);
		else
			put_metrics(probe, totals);
	}
	return err;
}

static void end(struct state *state)
{
	struct known *known, *next;

	for (known = TAILQ_FIRST(&state->list); known; known = next) {
		next = TAILQ_NEXT(known, entry);
		if (!known->seen)
			forget(state, known);
		else
			known->seen = false;
	}
	for (uint32_t i = 1; i <= MONITOR_TARGETS; i++) {
		struct totals *totals = &state->targets[i];

		if (!totals->name)
			continue;
		metric_set(totals->metrics[PROCESSES], totals->processes);
		metric_set(totals->metrics[THREADS], totals->threads);
		metric_set(totals->metrics[RESIDENT], totals->resident);
	}
}

static int collect(struct probe *probe, uint64_t now)
{
	struct state *state = probe->state;
	int err;

	(void)now;
	err = begin(probe, state) ?: monitor_scope_each_process(probe->scope, look_at, state);
	if (!err)
		end(state);
	return err;
}

static int follow(struct probe *probe)
{
	struct state *state = probe->state;

	if (state)
		return 0;
	probe->state = state = calloc(1, sizeof(*state));
	if (!state)
		return -ENOMEM;
	TAILQ_INIT(&state->list);
	return 0;
}

static void deinit(struct probe *probe)
{
	struct state *state = probe->state;
	struct known *known;

	if (!state)
		return;
	while ((known = TAILQ_FIRST(&state->list)))
		forget(state, known);
	for (uint32_t i = 1; i <= MONITOR_TARGETS; i++)
		put_metrics(probe, &state->targets[i]);
	free(state);
}

const struct probe_ops probe_memory = { .collect = collect, .follow = follow, .deinit = deinit };
