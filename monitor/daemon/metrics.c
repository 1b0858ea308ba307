// SPDX-License-Identifier: GPL-2.0-or-later
#include "metrics.h"

#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "util/clock.h"

struct metric {
	TAILQ_ENTRY(metric) entry;
	struct family *family;
	char *labels[METRIC_LABELS];
	unsigned int users;
	uint64_t counter, since;
	double gauge;
	struct monitor_sample *sample; /* of histograms */
};

struct family {
	TAILQ_ENTRY(family) entry;
	const struct metric_desc *desc;
	TAILQ_HEAD(, metric) series;
	void *tree; /* the same, by their labels */
};

struct metrics {
	TAILQ_HEAD(, family) families;
	size_t count, max;
	uint64_t refused;
};

int metrics_new(size_t series_max, struct metrics **ret_metrics)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return -ENOMEM;
	TAILQ_INIT(&metrics->families);
	metrics->max = series_max;
	*ret_metrics = metrics;
	return 0;
}

void metrics_limit(struct metrics *metrics, size_t series_max)
{
	metrics->max = series_max;
}

static int compare_series(const void *a, const void *b)
{
	const struct metric *one = a, *other = b;
	int order = 0;

	for (size_t i = 0; !order && i < METRIC_LABELS && one->labels[i]; i++)
		order = strcmp(one->labels[i], other->labels[i]);
	return order;
}

static void free_metric(struct metric *metric)
{
	for (size_t i = 0; i < METRIC_LABELS; i++)
		free(metric->labels[i]);
	free(metric->sample);
	free(metric);
}

static void remove_metric(struct metrics *metrics, struct metric *metric)
{
	tdelete(metric, &metric->family->tree, compare_series);
	TAILQ_REMOVE(&metric->family->series, metric, entry);
	metrics->count--;
	free_metric(metric);
}

void metrics_free(struct metrics *metrics)
{
	struct family *family;
	struct metric *metric;

	if (!metrics)
		return;
	while ((family = TAILQ_FIRST(&metrics->families))) {
		while ((metric = TAILQ_FIRST(&family->series)))
			remove_metric(metrics, metric);
		TAILQ_REMOVE(&metrics->families, family, entry);
		free(family);
	}
	free(metrics);
}

static struct family *get_family(struct metrics *metrics, const struct metric_desc *desc)
{
	struct family *family;

	TAILQ_FOREACH(family, &metrics->families, entry)
		if (family->desc == desc)
			return family;
	family = calloc(1, sizeof(*family));
	if (!family)
		return NULL;
	family->desc = desc;
	TAILQ_INIT(&family->series);
	TAILQ_INSERT_TAIL(&metrics->families, family, entry);
	return family;
}

static struct metric *find(struct family *family, const char *const *labels)
{
	struct metric key = {};
	struct metric *const *found;

	for (size_t i = 0; i < METRIC_LABELS && family->desc->labels[i]; i++)
		key.labels[i] = (char *)labels[i];
	found = tfind(&key, &family->tree, compare_series);
	return found ? *found : NULL;
}

static struct metric *new_metric(struct family *family, const char *const *labels)
{
	struct metric *metric = calloc(1, sizeof(*metric));
	bool failed = !metric;

	if (metric && family->desc->type == METRIC_HISTOGRAM) {
		metric->sample = calloc(1, sizeof(*metric->sample));
		failed = !metric->sample;
	}
	for (size_t i = 0; !failed && i < METRIC_LABELS && family->desc->labels[i]; i++) {
		metric->labels[i] = strdup(labels[i]);
		failed = !metric->labels[i];
	}
	if (!failed) {
		metric->since = clock_ns(CLOCK_REALTIME);
		metric->family = family;
		failed = !tsearch(metric, &family->tree, compare_series);
	}
	if (!failed)
		return metric;
	if (metric)
		free_metric(metric);
	return NULL;
}

static struct metric *add(struct metrics *metrics, struct family *family, const char *const *labels)
{
	struct metric *metric = new_metric(family, labels);

	if (!metric)
		return NULL;
	TAILQ_INSERT_TAIL(&family->series, metric, entry);
	metrics->count++;
	return metric;
}

/* Series that stand for others are not counted against the bound: there is one for each target and family. */
static struct metric *get_other(struct metrics *metrics, struct family *family, const char *first)
{
	const char *labels[METRIC_LABELS] = { first, METRIC_OTHER, METRIC_OTHER, METRIC_OTHER };

	metrics->refused++;
	return find(family, labels) ?: add(metrics, family, labels);
}

int metrics_get(struct metrics *metrics, const struct metric_desc *desc, const char *const *labels,
		struct metric **ret_metric)
{
	struct family *family = get_family(metrics, desc);
	struct metric *metric;

	if (!family)
		return -ENOMEM;
	metric = find(family, labels);
	/* What has no label but its target is one series each, and there are not many targets. */
	if (!metric && metrics->count >= metrics->max && desc->labels[0] && desc->labels[1])
		metric = get_other(metrics, family, labels[0]);
	else if (!metric)
		metric = add(metrics, family, labels);
	if (!metric)
		return -ENOMEM;
	metric->users++;
	*ret_metric = metric;
	return 0;
}

void metrics_put(struct metrics *metrics, struct metric *metric)
{
	if (metric && !--metric->users)
		remove_metric(metrics, metric);
}

void metric_add(struct metric *metric, uint64_t amount)
{
	metric->counter += amount;
}

void metric_set(struct metric *metric, double value)
{
	metric->gauge = value;
}

void metric_add_sample(struct metric *metric, const struct monitor_sample *sample)
{
	metric->sample->count += sample->count;
	metric->sample->sum += sample->sum;
	for (size_t i = 0; i < MONITOR_SLOTS; i++)
		metric->sample->slots[i] += sample->slots[i];
}

uint64_t metric_counter(const struct metric *metric)
{
	return metric->counter;
}

size_t metrics_count(const struct metrics *metrics)
{
	return metrics->count;
}

uint64_t metrics_refused(const struct metrics *metrics)
{
	return metrics->refused;
}

int metrics_each(const struct metrics *metrics, metrics_fn fn, void *data)
{
	const struct family *family;
	const struct metric *metric;
	int err = 0;

	TAILQ_FOREACH(family, &metrics->families, entry)
		TAILQ_FOREACH(metric, &family->series, entry) {
			struct metric_value value = { .desc = family->desc,
						      .gauge = metric->gauge,
						      .counter = metric->counter,
						      .since = metric->since,
						      .histogram = metric->sample };

			memcpy(value.labels, metric->labels, sizeof(value.labels));
			err = fn(&value, data);
			if (err)
				return err;
		}
	return 0;
}

double metric_bound(const struct metric_desc *desc, unsigned int slot)
{
	return (double)(1ULL << (MONITOR_SLOT_FIRST + slot)) * desc->scale;
}

void metric_bound_text(const struct metric_desc *desc, unsigned int slot, char text[METRIC_BOUND_LEN])
{
	if (slot + 1 < MONITOR_SLOTS)
		snprintf(text, METRIC_BOUND_LEN, "%.9g", metric_bound(desc, slot));
	else
		snprintf(text, METRIC_BOUND_LEN, "+Inf");
}
