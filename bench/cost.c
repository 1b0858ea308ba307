// SPDX-License-Identifier: GPL-2.0-or-later
/* What attaching and detaching take, and the memory views need. */
#include <errno.h>
#include <kview/kview.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "util/cleanup.h"

#define TRIES 2		     /* the best counts */
#define SETTLE_US 10000	     /* between two looks at what is not freed yet */
#define SETTLE_TRIES 1000
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

DEFINE_CLEANUP(struct attachment *, attachment_free)
DEFINE_CLEANUP(struct kview *, kview_close)

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

/* All that views use, once nothing waits to be freed. */
static int settled_status(struct kview_status *ret_status)
{
	struct kview_status status = { .sz = sizeof(status) };
	int err;

	for (int i = 0; i < SETTLE_TRIES; i++) {
		err = kview_status(&status);
		if (err || !status.retired)
			break;
		usleep(SETTLE_US);
	}
	if (!err)
		*ret_status = status;
	return err;
}

static int weigh_view(struct bench *bench, size_t members, size_t hooks, struct kview_status *ret_status)
{
	_cleanup_(kview_closep) struct kview *view = NULL;
	_cleanup_(closep) int prog = program_load(bench->programs, PROGRAM_COUNT, BPF_PROG_TYPE_KPROBE, 0);
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	const char *names[HOOKS_MAX];
	int err = prog < 0 ? prog : kview_open(&opts, &view);

	for (size_t i = 0; i < hooks; i++)
		names[i] = bench->paths[CALL_READ].functions[i].name;
	if (!err && members > 0)
		err = kview_add_pid(view, subject_pid(bench->traced));
	if (!err && members > 1)
		err = kview_add_pid(view, subject_pid(bench->other));
	if (!err && hooks)
		err = kview_attach_entries(view, prog, names, NULL, hooks, NULL);
	return err ?: settled_status(ret_status);
}

static void print_weight(struct bench *bench, size_t members, size_t hooks, const struct kview_status *status)
{
	results_print(bench->results,
		      "\"method\": \"memory\", \"members\": %zu, \"hooks\": %zu, \"bytes\": %lu, \"text_pages\": %u, "
		      "\"table_pages\": %u, \"images\": %u",
		      members, hooks, status->bytes, status->text_pages, status->table_pages, status->images);
}

static void print_share(struct bench *bench, const char *per, double bytes)
{
	results_print(bench->results, "\"method\": \"memory\", \"per\": \"%s\", \"bytes\": %.1f", per, bytes);
}

/* One view with... */
static const struct {
	size_t members, hooks;
} weights[] = { { 0, 0 }, { 1, 0 }, { 1, 1 }, { 1, HOOKS_MAX }, { 2, HOOKS_MAX } };

static int run_memory(struct bench *bench)
{
	struct kview_status status[COUNT(weights)], nothing;
	int err = settled_status(&nothing);

	for (size_t i = 0; !err && i < COUNT(weights); i++) {
		err = weigh_view(bench, weights[i].members, weights[i].hooks, &status[i]);
		if (!err)
			print_weight(bench, weights[i].members, weights[i].hooks, &status[i]);
	}
	if (err)
		return err;
	bench->weights = (struct weights){
		.view = (double)status[2].bytes - nothing.bytes,
		.hook = ((double)status[3].bytes - status[2].bytes) / (HOOKS_MAX - 1),
		.member = (double)status[4].bytes - status[3].bytes,
	};
	print_share(bench, "view", bench->weights.view);
	print_share(bench, "hook", bench->weights.hook);
	print_share(bench, "member", bench->weights.member);
	return 0;
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

static void table_memory(const struct bench *bench, FILE *out)
{
	const struct weights *weights = &bench->weights;

	fprintf(out, "\nMemory, by the module's account: %.0f bytes for a view with one member and one hook, "
		     "%.0f for each further hook, %.0f for each further member\n",
		weights->view, weights->hook, weights->member);
}

const struct benchmark benchmark_attach = {
	.name = "attach",
	.help = "how long attaching and detaching take",
	.run = run_attach,
	.table = table_attach,
};

const struct benchmark benchmark_memory = {
	.name = "memory",
	.help = "memory of a view, of each hook and of each member",
	.run = run_memory,
	.table = table_memory,
};
