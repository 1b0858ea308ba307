// SPDX-License-Identifier: GPL-2.0-or-later
/* The measurements as tables: rows are methods, columns are system calls. */
#include <string.h>

#include "results_internal.h"

#define LABEL_WIDTH 52

typedef bool (*filter_fn)(const struct result *row);

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

/* Rows without hooks come first, whenever they were measured. */
static bool has_hooks(const struct result *row)
{
	return row->hooks;
}

static bool is_traced(const struct result *row)
{
	return ends_with(row->method, "-self");
}

static bool is_untraced(const struct result *row)
{
	return !is_traced(row) && strcmp(row->method, "none");
}

static bool same_row(const struct result *a, const struct result *b)
{
	return !strcmp(a->method, b->method) && a->hooks == b->hooks && a->programs == b->programs &&
	       !strcmp(a->kind ?: "", b->kind ?: "") && !strcmp(a->program ?: "", b->program ?: "");
}

static const struct result *find_cell(const struct results *results, const struct result *like, enum call call)
{
	for (size_t i = 0; i < results->count; i++) {
		if (results->rows[i].call == call && same_row(&results->rows[i], like))
			return &results->rows[i];
	}
	return NULL;
}

static bool is_first_of_row(const struct results *results, const struct result *row)
{
	for (enum call call = 0; call < CALLS; call++) {
		const struct result *cell = find_cell(results, row, call);

		if (cell)
			return cell == row;
	}
	return false;
}

/* Only calls that were measured have a column. */
static bool has_column(const struct results *results, enum call call)
{
	return call < CALLS && results_bare(results, call) > 0;
}

static void print_columns(const struct results *results, FILE *out)
{
	fprintf(out, "  %-*s", LABEL_WIDTH, "");
	for (enum call call = 0; has_column(results, call); call++)
		fprintf(out, "%12s", call_name(call));
	fputc('\n', out);
}

static void print_label(const char *label, FILE *out)
{
	fprintf(out, "    %-*s", LABEL_WIDTH - 2, label);
}

static void print_bare(const struct results *results, FILE *out)
{
	print_label("nothing attached", out);
	for (enum call call = 0; has_column(results, call); call++)
		fprintf(out, "%12.3f", results_bare(results, call));
	fputc('\n', out);
}

static void print_cell(const struct results *results, const struct result *cell, FILE *out)
{
	if (!cell)
		fprintf(out, "%12s", "");
	else if (cell->error)
		fprintf(out, "%12s", "refused");
	else
		fprintf(out, "%+12.3f", cell->sample.min - results_bare(results, cell->call));
}

static const char *describe(const struct result *row)
{
	static const struct {
		const char *method, *kind, *label;
	} labels[] = {
		{ "module", NULL, "module loaded" },
		{ "none-again", NULL, "module gone again" },
		{ "post", "function", "kprobe, program runs for everyone" },
		{ "kprobe-filter", "function", "kprobe + filter" },
		{ "fentry-filter", "function", "fentry + filter" },
		{ "tracepoint-filter", "tracepoint", "syscall tracepoint + filter" },
		{ "perf-other", "tracepoint", "syscall tracepoint, perf -p of another process" },
		{ "kview-other", "function", "kview on another process, functions" },
		{ "kview-other", "tracepoint", "kview on another process, system calls" },
		{ "none-self", NULL, "nothing attached" },
		{ "kprobe-self", "function", "kprobe" },
		{ "fentry-self", "function", "fentry" },
		{ "kview-self", "function", "kview, function" },
		{ "tracepoint-self", "tracepoint", "syscall tracepoint" },
		{ "kview-self", "tracepoint", "kview, syscall tracepoint" },
		{ "raw-tp-self", "raw_tp", "raw_tp/sys_enter" },
		{ "kview-self", "raw_tp", "kview, raw_tp/sys_enter" },
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		if (!strcmp(row->method, labels[i].method) &&
		    (!row->kind || !strcmp(row->kind, labels[i].kind)))
			return labels[i].label;
	}
	return row->method;
}

/* Rows of one size stand together, under what they have in common. */
static void print_group(const struct result *row, bool with_program, FILE *out)
{
	char title[64] = "";
	int len = 0;

	if (row->hooks)
		len = snprintf(title, sizeof(title), "%zu hook%s, %zu program%s on each", row->hooks,
			       row->hooks > 1 ? "s" : "", row->programs, row->programs > 1 ? "s" : "");
	if (row->hooks && with_program)
		snprintf(title + len, sizeof(title) - len, ", program: %s", row->program);
	if (title[0])
		fprintf(out, "  %s\n", title);
}

static bool same_group(const struct result *a, const struct result *b, bool with_program)
{
	return a && a->hooks == b->hooks && a->programs == b->programs &&
	       (!with_program || !strcmp(a->program ?: "", b->program ?: ""));
}

static void print_rows(const struct results *results, filter_fn wanted, bool hooks, bool with_program, FILE *out)
{
	const struct result *last = NULL;

	for (size_t i = 0; i < results->count; i++) {
		const struct result *row = &results->rows[i];

		if (!wanted(row) || has_hooks(row) != hooks || !is_first_of_row(results, row))
			continue;
		if (!same_group(last, row, with_program))
			print_group(row, with_program, out);
		last = row;
		print_label(describe(row), out);
		for (enum call call = 0; has_column(results, call); call++)
			print_cell(results, find_cell(results, row, call), out);
		fputc('\n', out);
	}
}

static void print_limits(const struct results *results, filter_fn wanted, FILE *out)
{
	for (size_t i = 0; i < results->count; i++) {
		const struct result *row = &results->rows[i];

		if (wanted(row) && row->error) {
			fprintf(out, "  refused: more than the kernel takes at one place (%s)\n",
				strerror(-row->error));
			return;
		}
	}
}

static void print_table(const struct results *results, filter_fn wanted, bool with_program, FILE *out)
{
	print_columns(results, out);
	print_bare(results, out);
	fprintf(out, "  above that:\n");
	print_rows(results, wanted, false, with_program, out);
	print_rows(results, wanted, true, with_program, out);
	print_limits(results, wanted, out);
}

void results_table_untraced(const struct results *results, FILE *out)
{
	fprintf(out, "\nInstructions per system call of a process nobody traces, Linux %s\n\n",
		results->kernel.release);
	print_table(results, is_untraced, false, out);
}

void results_table_traced(const struct results *results, FILE *out)
{
	fprintf(out, "\nInstructions per system call of the traced process, Linux %s\n\n", results->kernel.release);
	print_table(results, is_traced, true, out);
}
