// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of metrics: series, their bound, how they are written, and that Prometheus' own tool has nothing to say. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/daemon/metrics.h"
#include "unit.h"

static const struct metric_desc requests = { "kview_requests_total",
					     "Requests.",
					     METRIC_COUNTER,
					     1,
					     { "target", "path" } };
static const struct metric_desc busy = { "kview_busy_seconds_total", "Time.", METRIC_COUNTER, 1e-9, { "target" } };
static const struct metric_desc memory = { "kview_memory_bytes", "Memory.", METRIC_GAUGE, 1, { "target" } };
static const struct metric_desc took = { "kview_took_seconds",
					 "How long.",
					 METRIC_HISTOGRAM,
					 1e-9,
					 { "target", "path" } };
static const struct metric_desc alone = { "kview_targets", "Targets.", METRIC_GAUGE, 1, {} };

static struct metric *get(struct metrics *metrics, const struct metric_desc *desc, const char *target, const char *path)
{
	const char *labels[METRIC_LABELS] = { target, path };
	struct metric *metric;

	assert_int_equal(metrics_get(metrics, desc, labels, &metric), 0);
	return metric;
}

static char *write_text(const struct metrics *metrics, bool json)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(json ? metrics_write_json(metrics, 12.5, out) : metrics_write_prometheus(metrics, out), 0);
	fclose(out);
	return text;
}

static void add_duration(struct metric *metric, uint64_t ns)
{
	struct monitor_sample sample = { .count = 1, .sum = ns };

	sample.slots[monitor_slot(ns)] = 1;
	metric_add_sample(metric, &sample);
}

static void fill(struct metrics *metrics)
{
	metric_add(get(metrics, &requests, "web", "/a\"b\\c\nd"), 3);
	metric_add(get(metrics, &requests, "web", "/a\"b\\c\nd"), 4);
	metric_add(get(metrics, &requests, "db", "/"), 18446744073709551615ULL);
	metric_add(get(metrics, &busy, "web", NULL), 1500000000);
	metric_set(get(metrics, &memory, "web", NULL), 4096.5);
	metric_set(get(metrics, &alone, NULL, NULL), 2);
	add_duration(get(metrics, &took, "web", "/"), 1000);
	add_duration(get(metrics, &took, "web", "/"), 3000);
	add_duration(get(metrics, &took, "web", "/"), 3600000000000);
}

static void slots(void **state)
{
	(void)state;
	assert_int_equal(monitor_slot(0), 0);
	assert_int_equal(monitor_slot(1023), 0);
	for (unsigned int i = 0; i + 2 < MONITOR_SLOTS; i++) {
		assert_int_equal(monitor_slot((1024ULL << i) - 1), i);
		assert_int_equal(monitor_slot(1024ULL << i), i + 1);
	}
	assert_int_equal(monitor_slot(1024ULL << 24), MONITOR_SLOTS - 1);
	assert_int_equal(monitor_slot(~0ULL), MONITOR_SLOTS - 1);
}

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no '%s' in:\n%s", line, text);
}

static void prometheus(void **state)
{
	_cleanup_(metrics_freep) struct metrics *metrics = NULL;
	_cleanup_(freep) char *text = NULL;

	(void)state;
	assert_int_equal(metrics_new(100, &metrics), 0);
	fill(metrics);
	text = write_text(metrics, false);
	has(text, "# HELP kview_requests_total Requests.\n# TYPE kview_requests_total counter\n"
		  "kview_requests_total{target=\"web\",path=\"/a\\\"b\\\\c\\nd\"} 7\n"
		  "kview_requests_total{target=\"db\",path=\"/\"} 18446744073709551615\n");
	has(text, "kview_busy_seconds_total{target=\"web\"} 1.5\n");
	has(text, "# TYPE kview_memory_bytes gauge\nkview_memory_bytes{target=\"web\"} 4096.5\n");
	has(text, "\nkview_targets 2\n");
	has(text, "kview_took_seconds_bucket{target=\"web\",path=\"/\",le=\"1.024e-06\"} 1\n"
		  "kview_took_seconds_bucket{target=\"web\",path=\"/\",le=\"2.048e-06\"} 1\n"
		  "kview_took_seconds_bucket{target=\"web\",path=\"/\",le=\"4.096e-06\"} 2\n");
	has(text, "le=\"+Inf\"} 3\nkview_took_seconds_sum{target=\"web\",path=\"/\"} 3600.000004\n"
		  "kview_took_seconds_count{target=\"web\",path=\"/\"} 3\n");
}

/* What Prometheus' authors give out to check the format, and names and units with it. */
static void promtool(void **state)
{
	_cleanup_(metrics_freep) struct metrics *metrics = NULL;
	_cleanup_(freep) char *text = NULL;
	FILE *tool;

	(void)state;
	if (access("/usr/bin/promtool", X_OK)) {
		print_message("promtool is not installed\n");
		skip();
	}
	assert_int_equal(metrics_new(100, &metrics), 0);
	fill(metrics);
	text = write_text(metrics, false);
	tool = popen("/usr/bin/promtool check metrics", "w");
	assert_non_null(tool);
	fputs(text, tool);
	assert_int_equal(pclose(tool), 0);
}

static void json_lines(void **state)
{
	_cleanup_(metrics_freep) struct metrics *metrics = NULL;
	_cleanup_(freep) char *text = NULL;
	char *line, *rest;
	size_t count = 0, histograms = 0;

	(void)state;
	assert_int_equal(metrics_new(100, &metrics), 0);
	fill(metrics);
	metric_add(get(metrics, &requests, "web", "/\xff"), 1);
	rest = text = write_text(metrics, true);
	while ((line = strsep(&rest, "\n")) && *line) {
		json_t *json = json_loads(line, 0, NULL), *buckets = json_object_get(json, "buckets");

		count++;
		assert_non_null(json);
		assert_true(json_real_value(json_object_get(json, "time")) == 12.5);
		assert_true(json_is_object(json_object_get(json, "labels")));
		assert_true(json_is_string(json_object_get(json, "metric")));
		if (buckets) {
			histograms++;
			assert_int_equal(json_object_size(buckets), 3);
			assert_int_equal(json_integer_value(json_object_get(buckets, "+Inf")), 1);
			assert_int_equal(json_integer_value(json_object_get(json, "count")), 3);
		}
		json_decref(json);
	}
	assert_int_equal(count, metrics_count(metrics));
	assert_int_equal(histograms, 1);
}

static void bound(void **state)
{
	_cleanup_(metrics_freep) struct metrics *metrics = NULL;
	_cleanup_(freep) char *text = NULL;
	struct metric *first, *third, *fourth;

	(void)state;
	assert_int_equal(metrics_new(2, &metrics), 0);
	first = get(metrics, &requests, "web", "/1");
	metric_add(first, 1);
	metric_add(get(metrics, &requests, "web", "/2"), 1);
	third = get(metrics, &requests, "web", "/3");
	metric_add(third, 5);
	fourth = get(metrics, &requests, "web", "/4");
	metric_add(fourth, 7);
	assert_ptr_equal(third, fourth);
	/* A target of its own gets an own rest, and what has one label only is never a rest. */
	assert_ptr_not_equal(get(metrics, &requests, "db", "/1"), third);
	metric_set(get(metrics, &memory, "db", NULL), 1);
	assert_int_equal(metrics_refused(metrics), 3);
	text = write_text(metrics, false);
	has(text, "kview_requests_total{target=\"web\",path=\"other\"} 12\n");
	has(text, "kview_requests_total{target=\"web\",path=\"/1\"} 1\n");
	has(text, "kview_requests_total{target=\"db\",path=\"other\"} 0\n");
	has(text, "kview_memory_bytes{target=\"db\"} 1\n");
	/* One of two who count there ends: what it counted stays. */
	metrics_put(metrics, third);
	assert_int_equal(metric_counter(fourth), 12);
	metrics_put(metrics, fourth);
	metrics_put(metrics, first);
	assert_int_equal(metrics_count(metrics), 3);
	/* Room for one more, now. */
	metrics_limit(metrics, 4);
	assert_ptr_not_equal(get(metrics, &requests, "web", "/5"), get(metrics, &requests, "web", "/6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots),      cmocka_unit_test(prometheus), cmocka_unit_test(promtool),
		cmocka_unit_test(json_lines), cmocka_unit_test(bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
