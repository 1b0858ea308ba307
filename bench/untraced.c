// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process pays that nobody traces, by the method others are traced with. */
#include "bench.h"

static const struct {
	const char *method;
	enum way way;
	enum program program;
} methods[] = {
	{ "post", WAY_KPROBE, PROGRAM_COUNT },
	{ "kprobe-filter", WAY_KPROBE, PROGRAM_FILTER },
	{ "fentry-filter", WAY_FENTRY, PROGRAM_FILTER },
	{ "tracepoint-filter", WAY_TRACEPOINT, PROGRAM_FILTER },
	{ "perf-other", WAY_PERF, PROGRAM_EMPTY },
	{ "kview-other", WAY_VIEW_FUNCTION, PROGRAM_COUNT },
	{ "kview-other", WAY_VIEW_SYSCALL, PROGRAM_COUNT },
};

static const struct {
	size_t hooks, programs;
	bool quick; /* measured then, too */
} sizes[] = {
	{ 1, 1, true }, { 14, 1, true }, { 50, 1, false }, { 1, 10, false }, { 1, 50, false },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int run_size(struct bench *bench, enum call call, size_t hooks, size_t programs)
{
	int err = 0;

	bench_progress("untraced %s, %zu hooks, %zu programs", call_name(call), hooks, programs);
	for (size_t i = 0; !err && i < COUNT(methods); i++) {
		const struct plan plan = {
			.way = methods[i].way,
			.call = call,
			.program = methods[i].program,
			.hooks = hooks,
			.programs = programs,
			.member = subject_pid(bench->traced),
		};

		err = bench_row(bench, bench->other, &plan, methods[i].method);
	}
	return err;
}

static int run_call(struct bench *bench, enum call call)
{
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(sizes); i++) {
		if (sizes[i].quick || !bench->quick)
			err = run_size(bench, call, sizes[i].hooks, sizes[i].programs);
	}
	return err;
}

static int run(struct bench *bench)
{
	int err = 0;

	for (enum call call = 0; !err && call < bench->calls; call++)
		err = run_call(bench, call);
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	results_table_untraced(bench->results, out);
}

const struct benchmark benchmark_untraced = {
	.name = "untraced",
	.help = "what a process pays while another one is traced",
	.paths = true,
	.run = run,
	.table = print_table,
};
