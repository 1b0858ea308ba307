// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format.h"
#include "table.h"
#include "top.h"

enum kind {
	NAME,
	NUMBER,
	DECIMAL, /* with one decimal */
	BYTES,
	SECONDS,
};

enum reckoning {
	NOW,	  /* as it is */
	RATE,	  /* by the second */
	PER_CENT, /* of a second by the second */
	SHARE,	  /* of the requests, in per cent */
	QUANTILE, /* of the requests' times */
};

static const struct column {
	const char *title, *key;
	enum kind kind;
	enum reckoning reckoning;
	enum top_value value;
	double quantile;
} columns[TOP_COLUMNS] = {
	{ "TARGET", "target", NAME, NOW, 0, 0 },
	{ "PROCS", "processes", NUMBER, NOW, TOP_PROCESSES, 0 },
	{ "CPU%", "cpu_percent", DECIMAL, PER_CENT, TOP_CPU, 0 },
	{ "QUEUE%", "queue_percent", DECIMAL, PER_CENT, TOP_QUEUE, 0 },
	{ "OFF", "off_cpu", DECIMAL, RATE, TOP_OFF, 0 },
	{ "RSS", "resident_bytes", BYTES, NOW, TOP_RESIDENT, 0 },
	{ "FAULT/S", "faults_per_s", DECIMAL, RATE, TOP_FAULTS, 0 },
	{ "REQ/S", "requests_per_s", DECIMAL, RATE, TOP_REQUESTS, 0 },
	{ "ERR%", "errors_percent", DECIMAL, SHARE, TOP_ERRORS, 0 },
	{ "P50", "p50_s", SECONDS, QUANTILE, 0, 0.5 },
	{ "P99", "p99_s", SECONDS, QUANTILE, 0, 0.99 },
	{ "TCP", "tcp_sessions", NUMBER, NOW, TOP_SESSIONS, 0 },
	{ "IN/S", "received_bytes_per_s", BYTES, RATE, TOP_RECEIVED, 0 },
	{ "OUT/S", "sent_bytes_per_s", BYTES, RATE, TOP_SENT, 0 },
	{ "RETR/S", "retransmits_per_s", DECIMAL, RATE, TOP_RETRANSMITS, 0 },
	{ "GC%", "gc_percent", DECIMAL, PER_CENT, TOP_GC, 0 },
};

/* --- reckoning ---------------------------------------------------------------------------------------------------- */

/* Within a slot times are taken to be spread evenly. NAN: there was no request. */
static double quantile(const struct top_target *before, const struct top_target *after, double share)
{
	double counts[MONITOR_SLOTS], all = 0, below = 0, low, high;

	for (size_t i = 0; i < MONITOR_SLOTS; i++) {
		counts[i] = after->slots[i] - before->slots[i];
		all += counts[i];
	}
	if (all <= 0)
		return NAN;
	for (size_t i = 0; i < MONITOR_SLOTS; i++) {
		high = (double)(1ULL << (MONITOR_SLOT_FIRST + i)) * 1e-9;
		low = i ? high / 2 : 0;
		/* The last slot has no end. */
		if (below + counts[i] >= share * all)
			return i + 1 < MONITOR_SLOTS ? low + (high - low) * (share * all - below) / counts[i] : low;
		below += counts[i];
	}
	return NAN;
}

static double reckon(const struct column *column, const struct top_target *before, const struct top_target *after,
		     double seconds)
{
	double growth, requests;

	if (column->reckoning == NOW)
		return column->kind == NAME ? NAN : after->values[column->value];
	if (!before || seconds <= 0)
		return NAN;
	if (column->reckoning == QUANTILE)
		return quantile(before, after, column->quantile);
	/* A series comes with the first thing it counts. */
	growth = after->values[column->value] -
		 (isnan(before->values[column->value]) ? 0 : before->values[column->value]);
	/* The daemon was started anew. */
	if (growth < 0)
		return NAN;
	requests =
		after->values[TOP_REQUESTS] - (isnan(before->values[TOP_REQUESTS]) ? 0 : before->values[TOP_REQUESTS]);
	if (column->reckoning == SHARE)
		return requests > 0 ? 100 * growth / requests : NAN;
	return growth / seconds * (column->reckoning == PER_CENT ? 100 : 1);
}

static const struct top_target *find(const struct top_snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (!strcmp(snapshot->targets[i].name, name))
			return &snapshot->targets[i];
	return NULL;
}

int top_rows_new(const struct top_snapshot *before, const struct top_snapshot *after, struct top_rows *ret_rows)
{
	struct top_row *rows = calloc(after->count + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < after->count; i++) {
		const struct top_target *target = &after->targets[i];

		memcpy(rows[i].name, target->name, sizeof(rows[i].name));
		for (size_t j = 0; j < TOP_COLUMNS; j++)
			rows[i].columns[j] =
				reckon(&columns[j], find(before, target->name), target, after->time - before->time);
	}
	*ret_rows = (struct top_rows){ rows, after->count };
	return 0;
}

void top_rows_deinit(struct top_rows *rows)
{
	free(rows->rows);
	*rows = (struct top_rows){};
}

/* --- order -------------------------------------------------------------------------------------------------------- */

int top_column(const char *name)
{
	for (int i = 0; i < TOP_COLUMNS; i++)
		if (!strcasecmp(columns[i].title, name) || !strcasecmp(columns[i].key, name))
			return i;
	return -EINVAL;
}

const char *top_column_name(int column)
{
	return columns[column].title;
}

struct order {
	int column;
	bool ascending;
};

/* Numbers from the greatest on, names from A; what is not known comes last. */
static int compare(const void *a, const void *b, void *data)
{
	const struct top_row *one = a, *other = b;
	const struct order *order = data;
	double x = one->columns[order->column], y = other->columns[order->column];
	int sign = order->ascending ? 1 : -1;

	if (columns[order->column].kind == NAME)
		return -sign * strcmp(one->name, other->name);
	if (isnan(x) || isnan(y) || x == y)
		return isnan(x) == isnan(y) ? strcmp(one->name, other->name) : isnan(x) - isnan(y);
	return x < y ? -sign : sign;
}

void top_rows_sort(struct top_rows *rows, int column, bool ascending)
{
	struct order order = { column, ascending };

	qsort_r(rows->rows, rows->count, sizeof(*rows->rows), compare, &order);
}

/* --- showing ------------------------------------------------------------------------------------------------------ */

static void print_cell(struct table *table, const struct column *column, double value)
{
	char text[FORMAT_LEN];

	if (isnan(value)) {
		table_cell(table, "-");
		return;
	}
	switch (column->kind) {
	case BYTES:
		table_cell(table, "%s", format_bytes(text, value));
		break;
	case SECONDS:
		table_cell(table, "%s", format_ns(text, value * 1e9));
		break;
	case DECIMAL:
		table_cell(table, "%.1f", value);
		break;
	case NUMBER:
	case NAME:
		table_cell(table, "%.0f", value);
		break;
	}
}

static bool is_known(const struct top_rows *rows, int column)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!isnan(rows->rows[i].columns[column]))
			return true;
	return false;
}

int top_rows_print(const struct top_rows *rows, int needed, FILE *out)
{
	_cleanup_(table_freep) struct table *table = table_new();
	bool shown[TOP_COLUMNS];

	if (!table)
		return -ENOMEM;
	for (int i = 0; i < TOP_COLUMNS; i++) {
		shown[i] = !i || needed < 0 || needed == i || is_known(rows, i);
		if (shown[i])
			table_column(table, i ? TABLE_RIGHT : TABLE_LEFT, columns[i].title);
	}
	for (size_t i = 0; i < rows->count; i++) {
		table_cell(table, "%s", rows->rows[i].name);
		for (int j = 1; j < TOP_COLUMNS; j++)
			if (shown[j])
				print_cell(table, &columns[j], rows->rows[i].columns[j]);
	}
	return table_print(table, out, 0);
}

json_t *top_rows_describe(const struct top_rows *rows, double time, double seconds)
{
	json_t *targets = json_array();

	for (size_t i = 0; targets && i < rows->count; i++) {
		json_t *row = json_pack("{s:s}", columns[0].key, rows->rows[i].name);

		/* What is not known is left out. */
		for (size_t j = 1; j < TOP_COLUMNS; j++)
			if (!isnan(rows->rows[i].columns[j]))
				json_object_set_new(row, columns[j].key, json_real(rows->rows[i].columns[j]));
		json_array_append_new(targets, row);
	}
	return json_pack("{s:f, s:f, s:o*}", "time", time, "seconds", seconds, "targets", targets);
}
