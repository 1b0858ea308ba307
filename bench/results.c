// SPDX-License-Identifier: GPL-2.0-or-later
#include "results.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "results_internal.h"
#include "util/cleanup.h"

#define GROW 64

DEFINE_CLEANUP(struct results *, results_close)

int results_open(const char *file, struct results **ret_results)
{
	_cleanup_(results_closep) struct results *results = calloc(1, sizeof(*results));

	if (!results)
		return -ENOMEM;
	uname(&results->kernel);
	if (file) {
		results->file = fopen(file, "ae");
		if (!results->file)
			return -errno;
	}
	*ret_results = TAKE_PTR(results);
	return 0;
}

void results_close(struct results *results)
{
	if (!results)
		return;
	if (results->file)
		fclose(results->file);
	free(results->rows);
	free(results);
}

void results_print(struct results *results, const char *format, ...)
{
	va_list args;

	if (!results->file)
		return;
	fprintf(results->file, "{\"kernel\": \"%s\", ", results->kernel.release);
	va_start(args, format);
	vfprintf(results->file, format, args);
	va_end(args);
	fprintf(results->file, "}\n");
	fflush(results->file);
}

static void print_insns(struct results *results, const struct result *result, const char *head)
{
	double over = result->sample.min - results_bare(results, result->call);

	results_print(results,
		      "%s, \"insns\": %.3f, \"over_none\": %.3f, \"over_none_per_hit\": %.3f, \"hits\": %u, "
		      "\"mean\": %.3f, \"settled\": %s",
		      head, result->sample.min, over, result->hits ? over / result->hits : 0, result->hits,
		      result->sample.mean, result->sample.settled ? "true" : "false");
}

static void print_row(struct results *results, const struct result *result)
{
	char head[256];

	snprintf(head, sizeof(head),
		 "\"syscall\": \"%s\", \"method\": \"%s\", \"kind\": \"%s\", \"program\": \"%s\", \"hooks\": %zu, "
		 "\"programs\": %zu",
		 call_name(result->call), result->method, result->kind ?: "none", result->program ?: "none",
		 result->hooks, result->programs);
	if (result->error)
		results_print(results, "%s, \"insns\": null, \"error\": \"%s\"", head, strerror(-result->error));
	else
		print_insns(results, result, head);
}

int results_add(struct results *results, const struct result *result)
{
	if (results->count % GROW == 0) {
		void *rows = reallocarray(results->rows, results->count + GROW, sizeof(*result));

		if (!rows)
			return -ENOMEM;
		results->rows = rows;
	}
	results->rows[results->count++] = *result;
	print_row(results, result);
	return 0;
}

double results_bare(const struct results *results, enum call call)
{
	for (size_t i = 0; i < results->count; i++) {
		const struct result *row = &results->rows[i];

		if (row->call == call && !strcmp(row->method, "none"))
			return row->sample.min;
	}
	return 0;
}

static bool must_be_free(const struct result *row)
{
	return !strcmp(row->method, "module") || !strcmp(row->method, "kview-other") ||
	       !strcmp(row->method, "none-again");
}

bool results_nothing_paid(const struct results *results)
{
	for (size_t i = 0; i < results->count; i++) {
		const struct result *row = &results->rows[i];

		if (must_be_free(row) && (row->error || row->sample.min != results_bare(results, row->call)))
			return false;
	}
	return true;
}
