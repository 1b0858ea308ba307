/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that has been measured: families of metrics, and in each a series for every combination of labels that was seen.
 *
 * The number of series is bounded. What comes when there is no room left is added to the series of its family and its
 * first label (the target) whose other labels say "other"; so sums stay true.
 */
#ifndef KVIEW_MONITOR_METRICS_H
#define KVIEW_MONITOR_METRICS_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "monitor/probes/sample.h"
#include "util/cleanup.h"

#define METRIC_LABELS 4
#define METRIC_OTHER "other"

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM, /* of nanoseconds or bytes, in the slots of struct monitor_sample */
};

/* A family; constant, and known by its address. */
struct metric_desc {
	const char *name, *help; /* the unit is part of the name, as Prometheus wants it */
	enum metric_type type;
	double scale; /* 1e-9 where nanoseconds are counted and seconds shown, else 1 */
	const char *labels[METRIC_LABELS]; /* NULL behind the last */
};

struct metrics;
struct metric;

/* A series as it is shown. */
struct metric_value {
	const struct metric_desc *desc;
	const char *labels[METRIC_LABELS];
	double gauge;
	uint64_t counter;
	uint64_t since; /* ns of the day's clock, CLOCK_REALTIME: when it was made, at 0 */
	const struct monitor_sample *histogram; /* its slots, count and sum */
};

int metrics_new(size_t series_max, struct metrics **ret_metrics);
void metrics_free(struct metrics *metrics);
DEFINE_CLEANUP(struct metrics *, metrics_free)

/* Change the bound; what is there stays. */
void metrics_limit(struct metrics *metrics, size_t series_max);

/*
 * The series of @desc with these labels, made when it is not there, or the one for others. It stays until everybody who
 * got it has put it. -ENOMEM
 */
int metrics_get(struct metrics *metrics, const struct metric_desc *desc, const char *const *labels,
		struct metric **ret_metric);
void metrics_put(struct metrics *metrics, struct metric *metric);

void metric_add(struct metric *metric, uint64_t amount);
void metric_add_sample(struct metric *metric, const struct monitor_sample *sample);
void metric_set(struct metric *metric, double value);
uint64_t metric_counter(const struct metric *metric);

/* Series there are; times "other" had to stand for a series. */
size_t metrics_count(const struct metrics *metrics);
uint64_t metrics_refused(const struct metrics *metrics);

/* All series, family after family. Anything but 0 from @fn ends the walk and is the result. */
typedef int (*metrics_fn)(const struct metric_value *value, void *data);
int metrics_each(const struct metrics *metrics, metrics_fn fn, void *data);

/* Upper bound of slot @slot of a histogram of @desc; the last one has none. */
double metric_bound(const struct metric_desc *desc, unsigned int slot);

#define METRIC_BOUND_LEN 32

/* The same as text, as Prometheus has it: "+Inf" for the last one. */
void metric_bound_text(const struct metric_desc *desc, unsigned int slot, char text[METRIC_BOUND_LEN]);

/* Who measured. */
struct metrics_origin {
	const char *host, *version;
};

/* A moment of OTLP, as an ExportMetricsServiceRequest, or of Prometheus' remote write; @ret_points: values in it. */
int metrics_write_otlp(const struct metrics *metrics, uint64_t ns, const struct metrics_origin *origin, FILE *out,
		       uint64_t *ret_points);
int metrics_write_remote(const struct metrics *metrics, uint64_t ns, const struct metrics_origin *origin, FILE *out,
			 uint64_t *ret_points);

/* Prometheus' text format 0.0.4; JSON, one object in a line for each series. -EIO */
int metrics_write_prometheus(const struct metrics *metrics, FILE *out);
int metrics_write_json(const struct metrics *metrics, double time, FILE *out);

#endif /* KVIEW_MONITOR_METRICS_H */
