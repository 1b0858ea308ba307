// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <jansson.h>

#include "metrics.h"

struct writer {
	FILE *out;
	double time;
};

static json_t *describe_labels(const struct metric_value *value)
{
	json_t *labels = json_object();

	/* Bytes of others' requests may be no UTF-8; such a label is left out. */
	for (size_t i = 0; labels && i < METRIC_LABELS && value->desc->labels[i]; i++)
		json_object_set_new(labels, value->desc->labels[i], json_string(value->labels[i]));
	return labels;
}

/* Only slots that hold something, by their upper bounds. */
static json_t *describe_slots(const struct metric_value *value)
{
	json_t *slots = json_object();
	char bound[METRIC_BOUND_LEN];

	for (unsigned int i = 0; slots && i < MONITOR_SLOTS; i++) {
		if (!value->histogram->slots[i])
			continue;
		metric_bound_text(value->desc, i, bound);
		json_object_set_new(slots, bound, json_integer(value->histogram->slots[i]));
	}
	return slots;
}

static json_t *describe_number(uint64_t number, double scale)
{
	return scale == 1 ? json_integer(number) : json_real((double)number * scale);
}

static json_t *describe(const struct metric_value *value, double time)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const struct metric_desc *desc = value->desc;
	json_t *json = json_pack("{s:f, s:s, s:s, s:o}", "time", time, "metric", desc->name, "type", types[desc->type],
				 "labels", describe_labels(value));

	switch (desc->type) {
	case METRIC_COUNTER:
		json_object_set_new(json, "value", describe_number(value->counter, desc->scale));
		break;
	case METRIC_GAUGE:
		json_object_set_new(json, "value", json_real(value->gauge));
		break;
	case METRIC_HISTOGRAM:
		json_object_set_new(json, "count", json_integer(value->histogram->count));
		json_object_set_new(json, "sum", describe_number(value->histogram->sum, desc->scale));
		json_object_set_new(json, "buckets", describe_slots(value));
		break;
	}
	return json;
}

static int write_value(const struct metric_value *value, void *data)
{
	struct writer *writer = data;
	json_t *json = describe(value, writer->time);
	int err;

	err = !json || json_dumpf(json, writer->out, JSON_COMPACT | JSON_REAL_PRECISION(15)) ||
	      fputc('\n', writer->out) == EOF;
	json_decref(json);
	return err ? -EIO : 0;
}

int metrics_write_json(const struct metrics *metrics, double time, FILE *out)
{
	struct writer writer = { .out = out, .time = time };
	int err = metrics_each(metrics, write_value, &writer);

	return err ?: fflush(out) ? -EIO : 0;
}
