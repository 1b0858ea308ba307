// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory views take, by the module's account: pages, tables, trampolines and records. */
#include <kview/kview.h>

#include "bench.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(struct kview *, kview_close)

/* One view with so many... */
static const struct shape {
	size_t members, hooks;
	bool followed; /* and forks are */
} shapes[] = {
	{ 0, 0, false }, { 1, 0, false }, { 1, 1, false },	   { 1, 1, true },
	{ 1, 14, false }, { 1, HOOKS_MAX, false }, { 2, HOOKS_MAX, false },
};

enum { EMPTY, MEMBER, HOOK, FOLLOWED, SOME, MANY, TWO, SHAPES };
_Static_assert(sizeof(shapes) / sizeof(*shapes) == SHAPES, "a name for each");

static struct kview_status weights[SHAPES];

static int add(struct kview *view, struct subject *subject, bool followed)
{
	return followed ? kview_follow_pid(view, subject_pid(subject)) : kview_add_pid(view, subject_pid(subject));
}

static int weigh(struct bench *bench, const struct shape *shape, struct kview_status *ret_status)
{
	_cleanup_(kview_closep) struct kview *view = NULL;
	_cleanup_(closep) int prog = program_load(bench->programs, PROGRAM_COUNT, BPF_PROG_TYPE_KPROBE, 0);
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	const char *names[HOOKS_MAX];
	int err = prog < 0 ? prog : kview_open(&opts, &view);

	for (size_t i = 0; i < shape->hooks; i++)
		names[i] = bench->paths[CALL_READ].functions[i].name;
	if (!err && shape->members > 0)
		err = add(view, bench->traced, shape->followed);
	if (!err && shape->members > 1)
		err = add(view, bench->other, shape->followed);
	if (!err && shape->hooks)
		err = kview_attach_entries(view, prog, names, NULL, shape->hooks, NULL);
	return err ?: bench_settled_status(ret_status);
}

static void print_shape(struct bench *bench, size_t i)
{
	results_print(bench->results,
		      "\"method\": \"memory\", \"members\": %zu, \"followed\": %s, \"hooks\": %zu, \"bytes\": %lu, "
		      "\"text_pages\": %u, \"table_pages\": %u, \"images\": %u",
		      shapes[i].members, shapes[i].followed ? "true" : "false", shapes[i].hooks, weights[i].bytes,
		      weights[i].text_pages, weights[i].table_pages, weights[i].images);
}

static double per_hook(void)
{
	return ((double)weights[MANY].bytes - weights[HOOK].bytes) / (HOOKS_MAX - 1);
}

static double per_member(void)
{
	return (double)weights[TWO].bytes - weights[MANY].bytes;
}

static void print_share(struct bench *bench, const char *per, double bytes)
{
	results_print(bench->results, "\"method\": \"memory\", \"per\": \"%s\", \"bytes\": %.1f", per, bytes);
}

static int run(struct bench *bench)
{
	int err = 0;

	for (size_t i = 0; !err && i < SHAPES; i++) {
		err = weigh(bench, &shapes[i], &weights[i]);
		if (!err)
			print_shape(bench, i);
	}
	if (err)
		return err;
	print_share(bench, "view", weights[HOOK].bytes);
	print_share(bench, "followed view", weights[FOLLOWED].bytes);
	print_share(bench, "hook", per_hook());
	print_share(bench, "member", per_member());
	return 0;
}

static void print_table(const struct bench *bench, FILE *out)
{
	(void)bench;
	fprintf(out, "\nMemory of one view, by the module's account\n\n");
	fprintf(out, "  %10s%10s%12s%12s%14s%14s\n", "members", "hooks", "followed", "bytes", "text pages", "table pages");
	for (size_t i = 0; i < SHAPES; i++)
		fprintf(out, "  %10zu%10zu%12s%12lu%14u%14u\n", shapes[i].members, shapes[i].hooks,
			shapes[i].followed ? "yes" : "no", weights[i].bytes, weights[i].text_pages,
			weights[i].table_pages);
	fprintf(out, "\n  each further hook %.0f bytes, each further member %.0f\n", per_hook(), per_member());
}

const struct benchmark benchmark_memory = {
	.name = "memory",
	.help = "memory of a view, of each hook and of each member",
	.paths = true,
	.run = run,
	.table = print_table,
};
