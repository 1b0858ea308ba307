// SPDX-License-Identifier: GPL-2.0-or-later
/* What attaching and detaching take, hook by hook. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bench.h"
#include "util/cleanup.h"

#define TRIES 2 /* the best counts */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

DEFINE_CLEANUP(struct attachment *, attachment_free)

static const size_t sizes[] = { 1, 14, HOOKS_MAX };

/* Ticks, that is instructions and nanoseconds of waiting. */
struct times {
	uint64_t hook, unhook;
};

static int time_once(struct bench *bench, const struct plan *plan, struct times *best)
{
	_cleanup_(attachment_freep) struct attachment *attachment = NULL;
	int err = attachment_new(plan, bench->programs, &bench->paths[plan->call], &attachment);
	uint64_t start, middle, end;

	if (err)
		return err;
	start = insns_now();
	err = attachment_hook(attachment);
	middle = insns_now();
	attachment_unhook(attachment);
	end = insns_now();
	if (middle - start < best->hook)
		best->hook = middle - start;
	if (end - middle < best->unhook)
		best->unhook = end - middle;
	return err;
}

static void print_time(struct bench *bench, const struct plan *plan, const char *by, const char *method, uint64_t ticks)
{
	results_print(bench->results,
		      "\"method\": \"%s\", \"by\": \"%s\", \"kind\": \"%s\", \"hooks\": %zu, \"programs\": 1, "
		      "\"insns\": %.3f, \"total\": %lu, \"unit\": \"virtual ns per hook, waiting included\"",
		      method, by, way_kind(plan->way), plan->hooks, (double)ticks / plan->hooks, ticks);
}

static int time_plan(struct bench *bench, const struct plan *plan, const char *by)
{
	struct times best = { UINT64_MAX, UINT64_MAX };
	int err = 0;

	for (int i = 0; !err && i < TRIES; i++)
		err = time_once(bench, plan, &best);
	if (err)
		return err;
	print_time(bench, plan, by, "attach", best.hook);
	print_time(bench, plan, by, "detach", best.unhook);
	bench->costs[bench->cost_count++] = (struct cost){
		.by = by,
		.kind = way_kind(plan->way),
		.hooks = plan->hooks,
		.attach = (double)best.hook / plan->hooks,
		.detach = (double)best.unhook / plan->hooks,
	};
	return 0;
}

static int run_attach(struct bench *bench)
{
	static const struct {
		const char *by;
		enum way way;
	} ways[] = {
		{ "kprobe", WAY_KPROBE },	{ "fentry", WAY_FENTRY },	{ "tracepoint", WAY_TRACEPOINT },
		{ "kview", WAY_VIEW_FUNCTION }, { "kview", WAY_VIEW_SYSCALL },
	};
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(ways) * COUNT(sizes); i++) {
		const struct plan plan = {
			.way = ways[i / COUNT(sizes)].way,
			.call = CALL_READ,
			.program = PROGRAM_COUNT,
			.hooks = sizes[i % COUNT(sizes)],
			.programs = 1,
			.member = subject_pid(bench->traced),
		};

		bench_progress("attach and detach by %s, %zu hooks", ways[i / COUNT(sizes)].by, plan.hooks);
		err = time_plan(bench, &plan, ways[i / COUNT(sizes)].by);
	}
	return err;
}

static void table_attach(const struct bench *bench, FILE *out)
{
	fprintf(out, "\nMicroseconds of guest time per hook, waiting for grace periods included\n\n");
	fprintf(out, "  %-36s%8s%14s%14s\n", "", "hooks", "attach", "detach");
	for (size_t i = 0; i < bench->cost_count; i++) {
		const struct cost *cost = &bench->costs[i];
		char label[64];
		bool function = !strcmp(cost->kind, "function");

		snprintf(label, sizeof(label), "%s, %s", cost->by, function ? "functions" : "system calls");
		fprintf(out, "    %-34s%8zu%14.1f%14.1f\n", label, cost->hooks, cost->attach / 1000,
			cost->detach / 1000);
	}
}

const struct benchmark benchmark_attach = {
	.name = "attach",
	.help = "how long attaching and detaching take",
	.paths = true,
	.run = run_attach,
	.table = table_attach,
};
