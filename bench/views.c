// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Up to a hundred views, each with one hook on the same function: what a hit, one view more, and their memory cost. They
 * have a process each, or all of them the same one, which then runs all their programs at each hit.
 */
#include <errno.h>
#include <kview/kview.h>

#include "bench.h"
#include "util/cleanup.h"

#define VIEWS_MAX 100
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const size_t counts[] = { 1, 10, VIEWS_MAX };

struct row {
	size_t views;
	bool shared;		/* by one process */
	double hit, untraced;	/* instructions per getppid() over none: of the first member, of a process in no view */
	double attach, detach;	/* ticks: the last view's */
	double bytes;		/* per view */
};

static struct row rows[2 * COUNT(counts)];

/* The views, and their members. */
struct crowd {
	struct kview *views[VIEWS_MAX];
	struct subject *members[VIEWS_MAX];
	size_t count;
};

static void crowd_end(struct crowd *crowd)
{
	for (size_t i = 0; i < VIEWS_MAX; i++) {
		kview_close(crowd->views[i]);
		subject_stop(crowd->members[i]);
	}
}

static int open_view(struct bench *bench, pid_t member, struct kview **ret_view)
{
	int err = bench_open_view(bench, call_function(CALL_GETPPID), ret_view);

	return err ?: kview_add_pid(*ret_view, member);
}

/* Returns how long the last view took. */
static int crowd_grow(struct bench *bench, struct crowd *crowd, const struct row *row, double *ret_ticks)
{
	int err = 0;

	for (; !err && crowd->count < row->views; crowd->count++) {
		struct subject **member = &crowd->members[crowd->count];
		uint64_t start;

		if (!row->shared)
			err = subject_start(member);
		if (err)
			break;
		start = insns_now();
		err = open_view(bench, subject_pid(row->shared ? bench->traced : *member),
				&crowd->views[crowd->count]);
		*ret_ticks = insns_now() - start;
	}
	return err;
}

static int measure(struct bench *bench, struct crowd *crowd, struct row *row)
{
	double none = results_bare(bench->results, CALL_GETPPID);
	struct kview_status status;
	struct sample hit, untraced;
	int err = bench_settled_status(&status);

	row->bytes = (double)status.bytes / row->views;
	if (!err)
		err = subject_measure(row->shared ? bench->traced : crowd->members[0], CALL_GETPPID, &hit);
	if (!err)
		err = subject_measure(bench->other, CALL_GETPPID, &untraced);
	row->hit = hit.min - none;
	row->untraced = untraced.min - none;
	return err;
}

static void close_last(struct crowd *crowd, struct row *row)
{
	uint64_t start = insns_now();

	kview_close(crowd->views[crowd->count - 1]);
	row->detach = insns_now() - start;
	crowd->views[crowd->count - 1] = NULL;
}

static void print_row(struct bench *bench, const struct row *row)
{
	results_print(bench->results,
		      "\"method\": \"%s\", \"views\": %zu, \"hit\": %.3f, \"untraced\": %.3f, \"attach\": %.0f, "
		      "\"detach\": %.0f, \"bytes_per_view\": %.0f",
		      row->shared ? "one-process" : "own-process", row->views, row->hit, row->untraced, row->attach,
		      row->detach, row->bytes);
}

static int run_row(struct bench *bench, struct row *row)
{
	struct crowd crowd = {};
	struct kview_status status;
	int err = bench_settled_status(&status);

	bench_progress("%zu views, %s", row->views, row->shared ? "one process" : "a process each");
	if (!err)
		err = crowd_grow(bench, &crowd, row, &row->attach);
	if (!err)
		err = measure(bench, &crowd, row);
	if (!err) {
		close_last(&crowd, row);
		print_row(bench, row);
	}
	crowd_end(&crowd);
	return err;
}

static int run(struct bench *bench)
{
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(rows); i++) {
		rows[i].views = counts[i % COUNT(counts)];
		rows[i].shared = i >= COUNT(counts);
		err = run_row(bench, &rows[i]);
	}
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	(void)bench;
	fprintf(out, "\nMany views with one hook each on the function of getppid()\n\n");
	fprintf(out, "  %-28s%10s%10s%14s%14s%16s\n", "", "a hit", "outside", "attach, us", "detach, us", "bytes per view");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];

		fprintf(out, "    %3zu, %-21s%+10.0f%+10.3f%14.1f%14.1f%16.0f\n", row->views,
			row->shared ? "all of one process" : "a process each", row->hit, row->untraced,
			row->attach / 1000, row->detach / 1000, row->bytes);
	}
}

const struct benchmark benchmark_views = {
	.name = "views",
	.help = "what hits, attaching and memory cost with up to 100 views",
	.run = run,
	.table = print_table,
};
