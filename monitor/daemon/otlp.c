// SPDX-License-Identifier: GPL-2.0-or-later
/* https://opentelemetry.io/docs/specs/otlp/: one message of all there is, built in memory and then packed. */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "metrics.h"
#include "monitor/push/otlp.pb-c.h"
#include "packed.h"

#define APPEND(arena, message, field, item) \
	arena_append(arena, (void ***)&(message)->field, &(message)->n_##field, item)

/* A message in the arena; what is not set keeps its default. */
#define NEW(arena, type, init)                                      \
	({                                                          \
		type *made = arena_alloc(arena, sizeof(*made));     \
		if (made)                                           \
			*made = (type)init;                         \
		made;                                               \
	})

struct writer {
	struct arena arena;
	uint64_t ns, points;
	Kview__Otlp__ScopeMetrics *scope;
	Kview__Otlp__Metric *metric; /* the family it is at */
	const struct metric_desc *desc;
	double *bounds; /* of that family, MONITOR_SLOTS - 1; they are packed with it */
};

/* The format takes UTF-8 alone, and a message with anything else in it is refused as a whole. */
static char *copy_ascii(struct arena *arena, const char *text)
{
	char *copy = arena_alloc(arena, strlen(text) + 1);

	for (size_t i = 0; copy && text[i]; i++)
		copy[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	return copy;
}

static Kview__Otlp__KeyValue *new_attribute(struct arena *arena, const char *name, const char *value)
{
	Kview__Otlp__KeyValue *attribute = NEW(arena, Kview__Otlp__KeyValue, KVIEW__OTLP__KEY_VALUE__INIT);

	if (!attribute)
		return NULL;
	attribute->key = (char *)name;
	attribute->value = NEW(arena, Kview__Otlp__AnyValue, KVIEW__OTLP__ANY_VALUE__INIT);
	if (attribute->value)
		attribute->value->string_value = copy_ascii(arena, value);
	return attribute;
}

static void add_attributes(struct arena *arena, const struct metric_value *value, Kview__Otlp__KeyValue ***attributes,
			   size_t *count)
{
	for (size_t i = 0; i < METRIC_LABELS && value->desc->labels[i]; i++)
		arena_append(arena, (void ***)attributes, count,
			     new_attribute(arena, value->desc->labels[i], value->labels[i]));
}

static Kview__Otlp__NumberDataPoint *new_number(struct writer *w, const struct metric_value *value)
{
	Kview__Otlp__NumberDataPoint *point =
		NEW(&w->arena, Kview__Otlp__NumberDataPoint, KVIEW__OTLP__NUMBER_DATA_POINT__INIT);

	if (!point)
		return NULL;
	point->time_unix_nano = w->ns;
	point->value_case = KVIEW__OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE;
	if (value->desc->type == METRIC_GAUGE) {
		point->as_double = value->gauge;
	} else if (value->desc->scale == 1 && value->counter <= INT64_MAX) {
		point->value_case = KVIEW__OTLP__NUMBER_DATA_POINT__VALUE_AS_INT;
		point->as_int = value->counter;
	} else {
		point->as_double = (double)value->counter * value->desc->scale;
	}
	if (value->desc->type == METRIC_COUNTER)
		point->start_time_unix_nano = value->since;
	add_attributes(&w->arena, value, &point->attributes, &point->n_attributes);
	return point;
}

static Kview__Otlp__HistogramDataPoint *new_histogram(struct writer *w, const struct metric_value *value)
{
	Kview__Otlp__HistogramDataPoint *point =
		NEW(&w->arena, Kview__Otlp__HistogramDataPoint, KVIEW__OTLP__HISTOGRAM_DATA_POINT__INIT);
	const struct monitor_sample *sample = value->histogram;
	uint64_t *counts;

	if (!point)
		return NULL;
	counts = arena_alloc(&w->arena, MONITOR_SLOTS * sizeof(*counts));
	if (!counts)
		return NULL;
	point->bucket_counts = counts;
	point->n_bucket_counts = MONITOR_SLOTS;
	for (size_t i = 0; i < MONITOR_SLOTS; i++) {
		counts[i] = sample->slots[i];
		/* It has to be what the buckets sum up to; slots and count are not read at one moment. */
		point->count += counts[i];
	}
	point->explicit_bounds = w->bounds;
	point->n_explicit_bounds = MONITOR_SLOTS - 1;
	point->optional_sum_case = KVIEW__OTLP__HISTOGRAM_DATA_POINT__OPTIONAL_SUM_SUM;
	point->sum = (double)sample->sum * value->desc->scale;
	point->start_time_unix_nano = value->since;
	point->time_unix_nano = w->ns;
	add_attributes(&w->arena, value, &point->attributes, &point->n_attributes);
	return point;
}

static bool has_part(const char *name, const char *part)
{
	const char *found = strstr(name, part);

	return found && (!found[strlen(part)] || !strcmp(found + strlen(part), "_total"));
}

/* As UCUM has it; "1" is a number without a unit. */
static const char *unit_of(const char *name)
{
	return has_part(name, "_seconds") ? "s" : has_part(name, "_bytes") ? "By" : "1";
}

static void set_type(struct arena *arena, Kview__Otlp__Metric *metric, enum metric_type type)
{
	switch (type) {
	case METRIC_COUNTER:
		metric->data_case = KVIEW__OTLP__METRIC__DATA_SUM;
		metric->sum = NEW(arena, Kview__Otlp__Sum, KVIEW__OTLP__SUM__INIT);
		if (metric->sum) {
			metric->sum->temporality = KVIEW__OTLP__TEMPORALITY__CUMULATIVE;
			metric->sum->is_monotonic = true;
		}
		break;
	case METRIC_GAUGE:
		metric->data_case = KVIEW__OTLP__METRIC__DATA_GAUGE;
		metric->gauge = NEW(arena, Kview__Otlp__Gauge, KVIEW__OTLP__GAUGE__INIT);
		break;
	case METRIC_HISTOGRAM:
		metric->data_case = KVIEW__OTLP__METRIC__DATA_HISTOGRAM;
		metric->histogram = NEW(arena, Kview__Otlp__Histogram, KVIEW__OTLP__HISTOGRAM__INIT);
		if (metric->histogram)
			metric->histogram->temporality = KVIEW__OTLP__TEMPORALITY__CUMULATIVE;
		break;
	}
}

static double *new_bounds(struct arena *arena, const struct metric_desc *desc)
{
	double *bounds = arena_alloc(arena, (MONITOR_SLOTS - 1) * sizeof(*bounds));

	for (unsigned int i = 0; bounds && i + 1 < MONITOR_SLOTS; i++)
		bounds[i] = metric_bound(desc, i);
	return bounds;
}

static void begin_family(struct writer *w, const struct metric_desc *desc)
{
	Kview__Otlp__Metric *metric = NEW(&w->arena, Kview__Otlp__Metric, KVIEW__OTLP__METRIC__INIT);

	w->metric = metric;
	w->desc = desc;
	if (!metric)
		return;
	metric->name = (char *)desc->name;
	metric->description = (char *)desc->help;
	metric->unit = (char *)unit_of(desc->name);
	set_type(&w->arena, metric, desc->type);
	if (desc->type == METRIC_HISTOGRAM)
		w->bounds = new_bounds(&w->arena, desc);
	APPEND(&w->arena, w->scope, metrics, metric);
}

static int add_value(const struct metric_value *value, void *data)
{
	struct writer *w = data;

	if (w->desc != value->desc)
		begin_family(w, value->desc);
	if (w->arena.failed)
		return -ENOMEM;
	switch (value->desc->type) {
	case METRIC_COUNTER:
		APPEND(&w->arena, w->metric->sum, data_points, new_number(w, value));
		break;
	case METRIC_GAUGE:
		APPEND(&w->arena, w->metric->gauge, data_points, new_number(w, value));
		break;
	case METRIC_HISTOGRAM:
		APPEND(&w->arena, w->metric->histogram, data_points, new_histogram(w, value));
		break;
	}
	w->points++;
	return w->arena.failed ? -ENOMEM : 0;
}

int metrics_write_otlp(const struct metrics *metrics, uint64_t ns, const struct metrics_origin *origin, FILE *out,
		       uint64_t *ret_points)
{
	Kview__Otlp__Request request = KVIEW__OTLP__REQUEST__INIT;
	Kview__Otlp__ResourceMetrics resource_metrics = KVIEW__OTLP__RESOURCE_METRICS__INIT;
	Kview__Otlp__Resource resource = KVIEW__OTLP__RESOURCE__INIT;
	Kview__Otlp__ScopeMetrics scope_metrics = KVIEW__OTLP__SCOPE_METRICS__INIT;
	Kview__Otlp__Scope scope = KVIEW__OTLP__SCOPE__INIT;
	Kview__Otlp__ResourceMetrics *all_resources = &resource_metrics;
	Kview__Otlp__ScopeMetrics *all_scopes = &scope_metrics;
	struct file_buffer buffer = FILE_BUFFER(out);
	struct writer w = { .ns = ns, .scope = &scope_metrics };
	int err;

	APPEND(&w.arena, &resource, attributes, new_attribute(&w.arena, "service.name", "kview-monitord"));
	APPEND(&w.arena, &resource, attributes, new_attribute(&w.arena, "service.version", origin->version));
	APPEND(&w.arena, &resource, attributes, new_attribute(&w.arena, "host.name", origin->host));
	resource_metrics.resource = &resource;
	scope.name = (char *)"kview";
	scope.version = (char *)origin->version;
	scope_metrics.scope = &scope;
	resource_metrics.scope_metrics = &all_scopes;
	request.resource_metrics = &all_resources;
	resource_metrics.n_scope_metrics = request.n_resource_metrics = 1;
	err = w.arena.failed ? -ENOMEM : metrics_each(metrics, add_value, &w);
	if (!err) {
		kview__otlp__request__pack_to_buffer(&request, &buffer.base);
		err = ferror(out) ? -EIO : 0;
	}
	arena_free(&w.arena);
	if (!err)
		*ret_points = w.points;
	return err;
}
