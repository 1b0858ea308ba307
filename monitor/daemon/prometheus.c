// SPDX-License-Identifier: GPL-2.0-or-later
/* https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "metrics.h"

struct writer {
	FILE *out;
	const struct metric_desc *last;
};

/* In label values and, but for the quote, in help texts. */
static void write_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '\n':
			fputs("\\n", out);
			break;
		case '\\':
		case '"':
			fputc('\\', out);
			/* fallthrough */
		default:
			fputc(*text, out);
		}
}

/* "{target="web",le="0.1"}", or nothing. */
static void write_labels(FILE *out, const struct metric_value *value, const char *bound)
{
	const char *before = "{";

	for (size_t i = 0; i < METRIC_LABELS && value->desc->labels[i]; i++) {
		fprintf(out, "%s%s=\"", before, value->desc->labels[i]);
		write_escaped(out, value->labels[i]);
		fputc('"', out);
		before = ",";
	}
	if (bound)
		fprintf(out, "%sle=\"%s\"}", before, bound);
	else if (*before == ',')
		fputc('}', out);
}

/* Whole numbers stay whole, whatever their size. */
static void write_scaled(FILE *out, uint64_t number, double scale)
{
	if (scale == 1)
		fprintf(out, " %" PRIu64 "\n", number);
	else
		fprintf(out, " %.16g\n", (double)number * scale);
}

static void write_histogram(FILE *out, const struct metric_value *value)
{
	const struct monitor_sample *sample = value->histogram;
	uint64_t sum = 0;
	char bound[METRIC_BOUND_LEN];

	for (unsigned int i = 0; i < MONITOR_SLOTS; i++) {
		sum += sample->slots[i];
		metric_bound_text(value->desc, i, bound);
		fprintf(out, "%s_bucket", value->desc->name);
		write_labels(out, value, bound);
		fprintf(out, " %" PRIu64 "\n", sum);
	}
	fprintf(out, "%s_sum", value->desc->name);
	write_labels(out, value, NULL);
	write_scaled(out, sample->sum, value->desc->scale);
	fprintf(out, "%s_count", value->desc->name);
	write_labels(out, value, NULL);
	/* As the last bucket says: slots and count are not read at one moment. */
	fprintf(out, " %" PRIu64 "\n", sum);
}

static int write_value(const struct metric_value *value, void *data)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	struct writer *writer = data;
	FILE *out = writer->out;

	if (writer->last != value->desc) {
		writer->last = value->desc;
		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", value->desc->name, value->desc->help, value->desc->name,
			types[value->desc->type]);
	}
	if (value->desc->type == METRIC_HISTOGRAM) {
		write_histogram(out, value);
		return 0;
	}
	fputs(value->desc->name, out);
	write_labels(out, value, NULL);
	if (value->desc->type == METRIC_COUNTER)
		write_scaled(out, value->counter, value->desc->scale);
	else
		fprintf(out, " %.16g\n", value->gauge);
	return 0;
}

int metrics_write_prometheus(const struct metrics *metrics, FILE *out)
{
	struct writer writer = { .out = out };

	metrics_each(metrics, write_value, &writer);
	return ferror(out) ? -EIO : 0;
}
