// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a trace: let the members go, collect counts and losses, detach, tell them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "format.h"
#include "histogram.h"
#include "scope.h"
#include "table.h"
#include "trace.h"

/* A hook with what it has seen. */
struct row {
	const struct trace_hook *hook;
	const struct trace_stats *stats;
};

static int add_missed(struct kview_link *link, void *data)
{
	struct kview_counts counts;
	uint64_t *missed = data;

	if (!kview_link_counts(link, &counts))
		*missed += counts.missed;
	return 0;
}

static struct histogram histogram_of(const struct trace_stats *stats)
{
	struct histogram histogram = {};

	memcpy(histogram.slots, stats->slots, sizeof(stats->slots));
	return histogram;
}

static uint64_t average(const struct trace_stats *stats)
{
	return stats->returns ? stats->total_ns / stats->returns : 0;
}

static bool takes_time(const struct trace_hook *hook)
{
	return hook->kind == TRACE_KIND_SYSCALL || hook->kind == TRACE_KIND_CALL;
}

static bool has_result(const struct trace_hook *hook)
{
	return takes_time(hook) || hook->kind == TRACE_KIND_RETURN;
}

static json_t *slots_json(const struct trace_stats *stats)
{
	struct histogram_range range = {};
	struct histogram histogram = histogram_of(stats);
	json_t *json = json_array();
	size_t i;

	histogram_widen(&range, &histogram);
	for (i = 0; i < range.to; i++)
		json_array_append_new(json, json_integer(histogram.slots[i]));
	return json;
}

static json_t *row_json(const struct row *row)
{
	const struct trace_stats *stats = row->stats;
	json_t *json = json_pack("{s:s, s:I}", "hook", row->hook->label, "hits", (json_int_t)stats->hits);

	if (has_result(row->hook))
		json_object_set_new(json, "errors", json_integer(stats->errors));
	if (!takes_time(row->hook))
		return json;
	json_object_set_new(json, "returns", json_integer(stats->returns));
	json_object_set_new(json, "total_ns", json_integer(stats->total_ns));
	json_object_set_new(json, "avg_ns", json_integer(average(stats)));
	json_object_set_new(json, "min_ns", json_integer(stats->min_ns));
	json_object_set_new(json, "max_ns", json_integer(stats->max_ns));
	json_object_set_new(json, "log2_ns", slots_json(stats));
	return json;
}

/* What took longest first, then what came most often. */
static int compare(const void *a, const void *b)
{
	const struct row *left = a, *right = b;

	if (left->stats->total_ns != right->stats->total_ns)
		return left->stats->total_ns < right->stats->total_ns ? 1 : -1;
	if (left->stats->hits != right->stats->hits)
		return left->stats->hits < right->stats->hits ? 1 : -1;
	return strcmp(left->hook->label, right->hook->label);
}

/* All hooks that were hit, in the order in which they are told; the caller's to free. */
static struct row *sorted_rows(const struct tracing *tracing, size_t *ret_count)
{
	const struct trace_hooks *hooks = &tracing->hooks;
	struct row *rows = calloc(hooks->count, sizeof(*rows)), row;
	size_t i, count = 0;

	for (i = 0; rows && i < hooks->count; i++) {
		row = (struct row){ &hooks->list[i], trace_object_stats(tracing->object, i) };
		if (row.stats->hits)
			rows[count++] = row;
	}
	if (rows)
		qsort(rows, count, sizeof(*rows), compare);
	*ret_count = count;
	return rows;
}

static void add_times(struct table *table, const struct row *row, struct histogram_range range)
{
	const uint64_t times[] = { row->stats->total_ns, average(row->stats), row->stats->min_ns, row->stats->max_ns };
	struct histogram histogram = histogram_of(row->stats);
	char text[FORMAT_LEN], line[HISTOGRAM_LINE_LEN];
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		table_cell(table, "%s", row->stats->returns ? format_ns(text, times[i]) : "-");
	if (range.to)
		table_cell(table, "%s", histogram_line(line, range, &histogram));
}

static int print_table(const struct tracing *tracing, const struct row *rows, size_t count)
{
	static const char *const titles[] = { "HITS", "ERRORS", "TOTAL", "AVERAGE", "SHORTEST", "LONGEST" };
	_cleanup_(table_freep) struct table *table = table_new();
	struct histogram_range range = {};
	struct histogram histogram;
	char title[64];
	size_t i;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		histogram = histogram_of(rows[i].stats);
		histogram_widen(&range, &histogram);
	}
	histogram_title(title, sizeof(title), "lat_ns", range);
	table_column(table, TABLE_LEFT, "HOOK");
	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		table_column(table, TABLE_RIGHT, titles[i]);
	if (range.to)
		table_column(table, TABLE_LEFT, title);
	for (i = 0; i < count; i++) {
		table_cell(table, "%s", rows[i].hook->label);
		table_cell(table, "%" PRIu64, (uint64_t)rows[i].stats->hits);
		if (has_result(rows[i].hook))
			table_cell(table, "%" PRIu64, (uint64_t)rows[i].stats->errors);
		else
			table_cell(table, "-");
		add_times(table, &rows[i], range);
	}
	return table_print(table, tracing->out, 0);
}

static void print_histograms(const struct tracing *tracing, const struct row *rows, size_t count)
{
	struct histogram histogram;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!rows[i].stats->returns)
			continue;
		histogram = histogram_of(rows[i].stats);
		fprintf(tracing->out, "\n%s\n", rows[i].hook->label);
		histogram_print(tracing->out, "lat_ns", &histogram);
	}
}

static int print_counts(const struct tracing *tracing, const struct row *rows, size_t count)
{
	int err;

	if (tracing->out == stdout && tracing->options->target.targets.argv)
		fputc('\n', tracing->out);
	if (!count) {
		fputs("no hits\n", tracing->out);
		return 0;
	}
	err = print_table(tracing, rows, count);
	if (!err && tracing->options->histograms)
		print_histograms(tracing, rows, count);
	return err;
}

static json_t *skipped_json(const struct trace_hooks *hooks)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < hooks->skipped_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "hook", hooks->skipped[i].label, "reason",
						      hooks->skipped[i].reason));
	return list;
}

static json_t *describe(const struct tracing *tracing, struct trace_losses losses, uint64_t missed)
{
	const struct targets *targets = &tracing->options->target.targets;
	json_t *json;

	json = json_pack("{s:s, s:s, s:s*, s:s, s:f, s:o, s:o, s:{s:I, s:I, s:I, s:I}}", "event", "result", "mode",
			 kview_mode_name(kview_mode(tracing->view)), "fallback", tracing->fallback, "ended",
			 wait_end_name(&tracing->wait), "seconds", wait_seconds(&tracing->wait), "processes",
			 targets_describe_processes(targets), "skipped", skipped_json(&tracing->hooks), "lost", "events",
			 (json_int_t)losses.events, "missed", (json_int_t)missed, "untimed", (json_int_t)losses.untimed,
			 "foreign", (json_int_t)losses.foreign);
	if (json && targets->argv)
		json_object_set_new(json, "command", targets_describe_command(targets));
	return json;
}

static json_t *rows_json(const struct row *rows, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, row_json(&rows[i]));
	return list;
}

static int print_json(const struct tracing *tracing, json_t *json, const struct row *rows, size_t count)
{
	if (!json)
		return -ENOMEM;
	if (!tracing->options->counts)
		return cli_print_record(tracing->out, json);
	json_object_del(json, "event");
	if (json_object_set_new(json, "hooks", rows_json(rows, count)))
		return -ENOMEM;
	return cli_print_document(tracing->out, json);
}

static int print_report(const struct tracing *tracing, json_t *json)
{
	_cleanup_(freep) struct row *rows = NULL;
	size_t count = 0;
	int err = 0;

	if (tracing->options->counts) {
		rows = sorted_rows(tracing, &count);
		if (!rows)
			return -ENOMEM;
	}
	if (tracing->options->shared.json)
		err = print_json(tracing, json, rows, count);
	else if (tracing->options->counts)
		err = print_counts(tracing, rows, count);
	return fflush(tracing->out) ? -errno : err;
}

static void tell_losses(struct trace_losses losses, uint64_t missed)
{
	if (losses.events)
		cli_note("%" PRIu64 " event%s lost: the buffer was full; --buffer makes it larger", losses.events,
			 format_plural(losses.events));
	if (missed)
		cli_note("%" PRIu64 " event%s missed: another BPF program was running on that processor", missed,
			 format_plural(missed));
	if (losses.untimed)
		cli_note("%" PRIu64 " call%s not followed to the end: too many at the same time", losses.untimed,
			 format_plural(losses.untimed));
	if (losses.foreign)
		cli_note("%" PRIu64 " system call%s of 32-bit code not shown", losses.foreign,
			 format_plural(losses.foreign));
}

int trace_report(struct tracing *tracing)
{
	const struct targets *targets = &tracing->options->target.targets;
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct trace_losses losses;
	uint64_t missed = 0;
	int err;

	/* Nothing changes any more from here on. */
	targets_leave(targets, tracing->view);
	kview_each_link(tracing->view, add_missed, &missed);
	err = trace_object_drain(tracing->object);
	losses = trace_object_losses(tracing->object);
	json = describe(tracing, losses, missed);
	kview_closep(&tracing->view);
	tracing->view = NULL;
	if (!err)
		err = print_report(tracing, json);
	if (err)
		return cli_fail(err, NULL, "%s", tracing->options->target.output ?: "standard output");
	tell_losses(losses, missed);
	targets_tell_command(targets);
	return CLI_OK;
}
