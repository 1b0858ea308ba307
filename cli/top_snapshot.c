// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"
#include "util/cleanup.h"

/* Metrics that are part of a value; of histograms their sums or their counts. */
static const struct source {
	const char *metric, *member;
	enum top_value value;
	const char *label, *begins; /* only series whose label begins so */
} sources[] = {
	{ "kview_cpu_seconds", "sum", TOP_CPU, NULL, NULL },
	{ "kview_cpu_queue_seconds", "sum", TOP_QUEUE, NULL, NULL },
	{ "kview_cpu_off_seconds", "sum", TOP_OFF, NULL, NULL },
	{ "kview_page_faults_minor_total", "value", TOP_FAULTS, NULL, NULL },
	{ "kview_page_faults_major_total", "value", TOP_FAULTS, NULL, NULL },
	{ "kview_http_request_seconds", "count", TOP_REQUESTS, NULL, NULL },
	{ "kview_http_request_seconds", "count", TOP_ERRORS, "status", "5" },
	{ "kview_http_request_seconds", "count", TOP_ERRORS, "status", "none" },
	{ "kview_tcp_sent_bytes_total", "value", TOP_SENT, NULL, NULL },
	{ "kview_tcp_received_bytes_total", "value", TOP_RECEIVED, NULL, NULL },
	{ "kview_tcp_retransmits_total", "value", TOP_RETRANSMITS, NULL, NULL },
	{ "kview_gc_pause_seconds", "sum", TOP_GC, NULL, NULL },
	{ "kview_processes", "value", TOP_PROCESSES, NULL, NULL },
	{ "kview_memory_resident_bytes", "value", TOP_RESIDENT, NULL, NULL },
	{ "kview_tcp_sessions", "value", TOP_SESSIONS, NULL, NULL },
};

#define LATENCY "kview_http_request_seconds"

/* NULL: no memory. */
static struct top_target *get_target(struct top_snapshot *snapshot, const char *name)
{
	struct top_target *targets, *target;

	for (size_t i = 0; i < snapshot->count; i++)
		if (!strncmp(snapshot->targets[i].name, name, TOP_NAME - 1))
			return &snapshot->targets[i];
	targets = reallocarray(snapshot->targets, snapshot->count + 1, sizeof(*targets));
	if (!targets)
		return NULL;
	snapshot->targets = targets;
	target = &targets[snapshot->count++];
	memset(target, 0, sizeof(*target));
	strncpy(target->name, name, TOP_NAME - 1);
	for (size_t i = 0; i < TOP_VALUES; i++)
		target->values[i] = NAN;
	return target;
}

static void add_slots(struct top_target *target, json_t *buckets)
{
	json_t *count;
	const char *bound;

	json_object_foreach(buckets, bound, count) {
		double end = strtod(bound, NULL) * 1e9;
		/* A slot's bound is the first number that is not in it. */
		uint32_t slot = end >= 1 && end < 1e18 ? monitor_slot((uint64_t)(end + 0.5) - 1) : MONITOR_SLOTS - 1;

		target->slots[slot] += json_number_value(count);
	}
}

static void take_source(struct top_target *target, const struct source *source, json_t *line, json_t *labels)
{
	const char *label = source->label ? json_string_value(json_object_get(labels, source->label)) : "";
	json_t *number = json_object_get(line, source->member);
	double *value = &target->values[source->value];

	if (!json_is_number(number))
		return;
	/* The series of a target that has had no error say that there are none. */
	*value = isnan(*value) ? 0 : *value;
	if (!source->begins || (label && !strncmp(label, source->begins, strlen(source->begins))))
		*value += json_number_value(number);
}

static int take_line(struct top_snapshot *snapshot, json_t *line)
{
	const char *metric = json_string_value(json_object_get(line, "metric")), *name;
	json_t *labels = json_object_get(line, "labels");
	struct top_target *target;

	if (!metric || !json_is_object(labels))
		return -EBADMSG;
	snapshot->time = json_number_value(json_object_get(line, "time"));
	name = json_string_value(json_object_get(labels, "target"));
	if (!name)
		return 0;
	target = get_target(snapshot, name);
	if (!target)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (!strcmp(sources[i].metric, metric))
			take_source(target, &sources[i], line, labels);
	if (!strcmp(metric, LATENCY))
		add_slots(target, json_object_get(line, "buckets"));
	return 0;
}

int top_snapshot_read(FILE *in, struct top_snapshot *ret_snapshot)
{
	_cleanup_(top_snapshot_deinit) struct top_snapshot snapshot = {};
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && getline(&text, &size, in) > 0) {
		json_t *line = json_loads(text, 0, NULL);

		err = line ? take_line(&snapshot, line) : -EBADMSG;
		json_decref(line);
	}
	if (err)
		return err;
	*ret_snapshot = snapshot;
	snapshot = (struct top_snapshot){};
	return 0;
}

void top_snapshot_deinit(struct top_snapshot *snapshot)
{
	free(snapshot->targets);
	*snapshot = (struct top_snapshot){};
}
