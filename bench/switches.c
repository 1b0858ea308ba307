// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a switch between two processes costs when they see different kernels, and when many views are open: nothing, for a
 * view is reached through the page table that is loaded anyway. The hook lies where neither process comes by.
 */
#include <errno.h>
#include <kview/kview.h>

#include "bench.h"
#include "pair.h"
#include "util/cleanup.h"

#define ASIDE "__x64_sys_getcwd" /* hooked, and not called */
#define VIEWS_MAX 100

DEFINE_CLEANUP(struct kview *, kview_close)
DEFINE_CLEANUP(struct pair *, pair_stop)

enum who { NOBODY, FIRST, SECOND, BOTH };

/* Who of the two is a member of one view, and of another; other views have the subject as their member. */
static const struct situation {
	const char *name, *label;
	enum who one, two;
	unsigned int others;
} situations[] = {
	{ "none", "nothing attached", NOBODY, NOBODY, 0 },
	{ "outside", "a view, neither is in it", NOBODY, NOBODY, 1 },
	{ "one-member", "one is in a view", FIRST, NOBODY, 0 },
	{ "same-view", "both are in one view", BOTH, NOBODY, 0 },
	{ "two-views", "each is in a view of its own", FIRST, SECOND, 0 },
	{ "outside-100", "100 views, neither is in one", NOBODY, NOBODY, VIEWS_MAX },
	{ "two-views-100", "each is in its own, 98 more", FIRST, SECOND, VIEWS_MAX - 2 },
	{ "none-again", "nothing attached, again", NOBODY, NOBODY, 0 },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct figure rounds[COUNT(situations)];

static int open_for(struct bench *bench, const struct pair *pair, enum who who, struct kview **ret_view)
{
	int err = who == NOBODY ? 0 : bench_open_view(bench, ASIDE, ret_view);

	for (int i = 0; !err && i < 2; i++) {
		if (who == BOTH || who == (i ? SECOND : FIRST))
			err = kview_add_pid(*ret_view, pair_pid(pair, i));
	}
	return err;
}

static int open_other(struct bench *bench, struct kview **ret_view)
{
	int err = bench_open_view(bench, ASIDE, ret_view);

	return err ?: kview_add_pid(*ret_view, subject_pid(bench->traced));
}

static void print_round(struct bench *bench, size_t index)
{
	const struct figure *round = &rounds[index];

	results_print(bench->results,
		      "\"method\": \"%s\", \"views\": %u, \"insns\": %.0f, \"over_none\": %.0f, \"seen\": %u, "
		      "\"median\": %.0f, \"over_none_median\": %.0f",
		      situations[index].name,
		      situations[index].others + (situations[index].one != NOBODY) + (situations[index].two != NOBODY),
		      round->min, round->min - rounds[0].min, round->seen, round->median,
		      round->median - rounds[0].median);
}

static int run_situation(struct bench *bench, struct pair *pair, size_t index)
{
	const struct situation *situation = &situations[index];
	_cleanup_(kview_closep) struct kview *one = NULL, *two = NULL;
	struct kview *others[VIEWS_MAX] = {};
	int err = open_for(bench, pair, situation->one, &one);

	bench_progress("switches: %s", situation->label);
	if (!err)
		err = open_for(bench, pair, situation->two, &two);
	for (unsigned int i = 0; !err && i < situation->others; i++)
		err = open_other(bench, &others[i]);
	if (!err)
		err = pair_measure(pair, &rounds[index]);
	for (unsigned int i = 0; i < situation->others; i++)
		kview_close(others[i]);
	if (!err)
		print_round(bench, index);
	return err;
}

static int run(struct bench *bench)
{
	_cleanup_(pair_stopp) struct pair *pair = NULL;
	struct figure warm_up;
	int err = pair_start(&pair);

	if (!err)
		err = pair_measure(pair, &warm_up);
	for (size_t i = 0; !err && i < COUNT(situations); i++)
		err = run_situation(bench, pair, i);
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	(void)bench;
	fprintf(out, "\nTwo processes pass a byte back and forth: instructions of a round, two switches\n\n");
	fprintf(out, "    %-34s%12s%12s\n", "", "least", "median");
	for (size_t i = 0; i < COUNT(situations); i++)
		fprintf(out, i ? "    %-34s%+12.0f%+12.0f\n" : "    %-34s%12.0f%12.0f\n", situations[i].label,
			rounds[i].min - (i ? rounds[0].min : 0), rounds[i].median - (i ? rounds[0].median : 0));
}

const struct benchmark benchmark_switches = {
	.name = "switches",
	.help = "what switching between members and others costs",
	.run = run,
	.table = print_table,
};
