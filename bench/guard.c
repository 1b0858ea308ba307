// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a call costs a process that is guarded through a view and whose profile is normal, beside one with an empty
 * program at the same hook; what it costs a process outside; and the memory of profiles.
 */
#include <kview/kview.h>

#include "bench.h"
#include "guard/kernel.h"
#include "util/cleanup.h"

#define PROFILES 10000
#define ROUNDS 2 /* to learn how the subject makes a call, and the loop around it */

DEFINE_CLEANUP(struct attachment *, attachment_free)
DEFINE_CLEANUP(struct kview *, kview_close)

static const enum call calls[] = { CALL_GETPPID, CALL_READ };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Instructions over none. */
static struct row {
	double hook;	 /* an empty program at raw_tp/sys_enter in a view */
	double guarded;	 /* the guard, through a view */
	double untraced; /* a process outside, meanwhile */
	double machine;	 /* the guard, for the whole machine */
} rows[COUNT(calls)];

static int measure_hook(struct bench *bench, enum call call, double *ret_insns)
{
	const struct plan plan = { .way = WAY_VIEW_RAW,
				   .call = call,
				   .program = PROGRAM_EMPTY,
				   .hooks = 1,
				   .programs = 1,
				   .member = subject_pid(bench->traced) };
	_cleanup_(attachment_freep) struct attachment *attachment = NULL;
	struct sample sample;
	int err = attachment_new(&plan, bench->programs, &bench->paths[call], &attachment);

	if (!err)
		err = attachment_hook(attachment);
	if (!err)
		err = subject_measure(bench->traced, call, &sample);
	if (!err)
		*ret_insns = sample.min - results_bare(bench->results, call);
	return err;
}

static int open_view(const struct bench *bench, struct kview **ret_view)
{
	const struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	_cleanup_(kview_closep) struct kview *view = NULL;
	int err = kview_open(&opts, &view);

	if (!err)
		err = kview_add_pid(view, subject_pid(bench->traced));
	if (!err)
		*ret_view = TAKE_PTR(view);
	return err;
}

/* The subject makes all calls until nothing about that is new; then all profiles are normal. */
static int train(struct bench *bench, struct guard_kernel *kernel)
{
	struct guard_profile *profile;
	struct sample ignored;
	uint32_t number;
	int err = 0;

	for (size_t i = 0; !err && i < ROUNDS * COUNT(calls); i++)
		err = subject_measure(bench->traced, calls[i % COUNT(calls)], &ignored);
	for (number = 1; (profile = guard_kernel_profile(kernel, number)); number++)
		guard_normalize(guard_kernel_env(kernel), profile);
	return err;
}

static int measure_guarded(struct bench *bench, bool machine)
{
	const struct guard_kernel_opts opts = {
		.rule = GUARD_RULE_DEFAULTS, .profiles = PROFILES, .blocks = 1024, .chosen = !machine
	};
	_cleanup_(guard_kernel_closep) struct guard_kernel *kernel = NULL;
	_cleanup_(kview_closep) struct kview *view = NULL;
	struct sample sample, other;
	int err = guard_kernel_open(&opts, &kernel);

	if (!err && !machine)
		err = open_view(bench, &view);
	if (!err)
		err = guard_kernel_attach(kernel, view);
	if (!err)
		err = train(bench, kernel);
	for (size_t i = 0; !err && i < COUNT(calls); i++) {
		err = subject_measure(bench->traced, calls[i], &sample);
		if (!err)
			err = subject_measure(bench->other, calls[i], &other);
		if (err)
			break;
		sample.min -= results_bare(bench->results, calls[i]);
		if (machine)
			rows[i].machine = sample.min;
		else
			rows[i].guarded = sample.min;
		if (!machine)
			rows[i].untraced = other.min - results_bare(bench->results, calls[i]);
	}
	return err;
}

static int run(struct bench *bench)
{
	int err = bench_bare(bench, bench->traced, "none-self");

	bench_progress("an empty program at the hook");
	for (size_t i = 0; !err && i < COUNT(calls); i++)
		err = measure_hook(bench, calls[i], &rows[i].hook);
	bench_progress("the guard, through a view");
	if (!err)
		err = measure_guarded(bench, false);
	bench_progress("the guard, for the whole machine");
	if (!err)
		err = measure_guarded(bench, true);
	for (size_t i = 0; !err && i < COUNT(calls); i++)
		results_print(bench->results,
			      "\"method\": \"guard\", \"call\": \"%s\", \"hook\": %.3f, \"guarded\": %.3f, "
			      "\"over_hook\": %.3f, \"untraced\": %.3f, \"machine\": %.3f",
			      call_name(calls[i]), rows[i].hook, rows[i].guarded, rows[i].guarded - rows[i].hook,
			      rows[i].untraced, rows[i].machine);
	if (!err)
		results_print(bench->results,
			      "\"method\": \"guard-memory\", \"profile\": %zu, \"task\": %zu, \"profiles\": %d, "
			      "\"places\": %zu",
			      sizeof(struct guard_profile), sizeof(struct guard_task), PROFILES,
			      GUARD_PLACES * sizeof(struct guard_task));
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	(void)bench;
	fprintf(out, "\nInstructions per call of a guarded process with a normal profile, over nothing attached\n\n");
	fprintf(out, "  %-12s%14s%14s%14s%14s%14s\n", "", "empty hook", "guarded", "over hook", "outside",
		"whole machine");
	for (size_t i = 0; i < COUNT(calls); i++)
		fprintf(out, "    %-10s%+14.0f%+14.0f%+14.0f%+14.3f%+14.0f\n", call_name(calls[i]), rows[i].hook,
			rows[i].guarded, rows[i].guarded - rows[i].hook, rows[i].untraced, rows[i].machine);
	fprintf(out, "\n  bytes of a profile of up to 64 calls %zu, of a task %zu; loaded: %d profiles, %d tasks\n",
		sizeof(struct guard_profile), sizeof(struct guard_task), PROFILES, GUARD_PLACES);
}

const struct benchmark benchmark_guard = {
	.name = "guard",
	.help = "what a call costs a guarded process, and others",
	.paths = true,
	.run = run,
	.table = print_table,
};
