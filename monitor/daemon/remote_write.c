// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * https://prometheus.io/docs/specs/prw/remote_write_spec/. A series is packed and written at once: parts of a message
 * that follow each other make up the message.
 */
#include <errno.h>
#include <string.h>

#include "metrics.h"
#include "monitor/push/remote_write.pb-c.h"
#include "packed.h"

#define SUFFIXED 128 /* bytes of the name of a family with what is added to it */
#define LABELS (METRIC_LABELS + 4) /* and __name__, job, instance, le */

typedef Kview__RemoteWrite__WriteRequest part_t;
typedef Kview__RemoteWrite__Label label_t;

struct writer {
	FILE *out;
	const struct metrics_origin *origin;
	const struct metric_desc *desc; /* the family it is at */
	uint64_t ns, points;
};

static void write_part(const struct writer *w, const part_t *part)
{
	struct file_buffer buffer = FILE_BUFFER(w->out);

	kview__remote_write__write_request__pack_to_buffer(part, &buffer.base);
}

/* At its place by name. */
static void add_label(label_t **labels, size_t *count, label_t *label, const char *name, const char *value)
{
	size_t at = (*count)++;

	kview__remote_write__label__init(label);
	label->name = (char *)name;
	label->value = (char *)value;
	for (; at && strcmp(labels[at - 1]->name, name) > 0; at--)
		labels[at] = labels[at - 1];
	labels[at] = label;
}

/* A series named as its family with @suffix; @bound: of a bucket, or NULL. */
static void write_series(struct writer *w, const struct metric_value *value, const char *suffix, const char *bound,
			 double number)
{
	part_t part = KVIEW__REMOTE_WRITE__WRITE_REQUEST__INIT;
	Kview__RemoteWrite__TimeSeries series = KVIEW__REMOTE_WRITE__TIME_SERIES__INIT, *all_series = &series;
	Kview__RemoteWrite__Sample sample = KVIEW__REMOTE_WRITE__SAMPLE__INIT, *samples = &sample;
	label_t labels[LABELS], *sorted[LABELS];
	char name[SUFFIXED];
	size_t count = 0;

	snprintf(name, sizeof(name), "%s%s", value->desc->name, suffix);
	add_label(sorted, &count, &labels[count], "__name__", name);
	add_label(sorted, &count, &labels[count], "job", "kview-monitord");
	add_label(sorted, &count, &labels[count], "instance", w->origin->host);
	if (bound)
		add_label(sorted, &count, &labels[count], "le", bound);
	for (size_t i = 0; i < METRIC_LABELS && value->desc->labels[i]; i++)
		/* An empty label is none. */
		if (*value->labels[i])
			add_label(sorted, &count, &labels[count], value->desc->labels[i], value->labels[i]);
	sample.value = number;
	sample.timestamp = w->ns / 1000000;
	series.labels = sorted;
	series.n_labels = count;
	series.samples = &samples;
	part.timeseries = &all_series;
	series.n_samples = part.n_timeseries = 1;
	write_part(w, &part);
	w->points++;
}

static void write_histogram(struct writer *w, const struct metric_value *value)
{
	const struct monitor_sample *sample = value->histogram;
	uint64_t sum = 0;
	char bound[METRIC_BOUND_LEN];

	for (unsigned int i = 0; i < MONITOR_SLOTS; i++) {
		sum += sample->slots[i];
		metric_bound_text(value->desc, i, bound);
		write_series(w, value, "_bucket", bound, sum);
	}
	write_series(w, value, "_sum", NULL, (double)sample->sum * value->desc->scale);
	/* As the last bucket says: slots and count are not read at one moment. */
	write_series(w, value, "_count", NULL, sum);
}

static void write_metadata(const struct writer *w, const struct metric_desc *desc)
{
	static const Kview__RemoteWrite__Type types[] = {
		[METRIC_COUNTER] = KVIEW__REMOTE_WRITE__TYPE__COUNTER,
		[METRIC_GAUGE] = KVIEW__REMOTE_WRITE__TYPE__GAUGE,
		[METRIC_HISTOGRAM] = KVIEW__REMOTE_WRITE__TYPE__HISTOGRAM,
	};
	part_t part = KVIEW__REMOTE_WRITE__WRITE_REQUEST__INIT;
	Kview__RemoteWrite__Metadata metadata = KVIEW__REMOTE_WRITE__METADATA__INIT, *all_metadata = &metadata;

	metadata.type = types[desc->type];
	metadata.metric_family_name = (char *)desc->name;
	metadata.help = (char *)desc->help;
	part.metadata = &all_metadata;
	part.n_metadata = 1;
	write_part(w, &part);
}

static int write_value(const struct metric_value *value, void *data)
{
	const struct metric_desc *desc = value->desc;
	struct writer *w = data;

	if (w->desc != desc) {
		w->desc = desc;
		write_metadata(w, desc);
	}
	switch (desc->type) {
	case METRIC_COUNTER:
		write_series(w, value, "", NULL, (double)value->counter * desc->scale);
		break;
	case METRIC_GAUGE:
		write_series(w, value, "", NULL, value->gauge);
		break;
	case METRIC_HISTOGRAM:
		write_histogram(w, value);
		break;
	}
	return ferror(w->out) ? -EIO : 0;
}

int metrics_write_remote(const struct metrics *metrics, uint64_t ns, const struct metrics_origin *origin, FILE *out,
			 uint64_t *ret_points)
{
	struct writer w = { .out = out, .origin = origin, .ns = ns };
	int err = metrics_each(metrics, write_value, &w);

	if (!err)
		*ret_points = w.points;
	return err;
}
