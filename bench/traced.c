// SPDX-License-Identifier: GPL-2.0-or-later
/* What the traced process itself pays for each hit, by method. */
#include "bench.h"

static const struct {
	const char *method;
	enum way way;
	bool grows; /* measured with many hooks and programs, too */
} methods[] = {
	{ "kprobe-self", WAY_KPROBE, true },
	{ "fentry-self", WAY_FENTRY, true },
	{ "kview-self", WAY_VIEW_FUNCTION, true },
	{ "tracepoint-self", WAY_TRACEPOINT, false },
	{ "kview-self", WAY_VIEW_SYSCALL, false },
	{ "raw-tp-self", WAY_RAW_TRACEPOINT, false },
	{ "kview-self", WAY_VIEW_RAW, false },
};

static const struct {
	size_t hooks, programs;
} sizes[] = { { 1, 1 }, { 14, 1 }, { 50, 1 }, { 1, 10 }, { 1, 50 } };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int run_program(struct bench *bench, enum call call, enum program program, size_t size)
{
	bool grown = sizes[size].hooks * sizes[size].programs > 1;
	int err = 0;

	bench_progress("traced %s, %s program, %zu hooks, %zu programs", call_name(call), program_name(program),
		       sizes[size].hooks, sizes[size].programs);
	for (size_t i = 0; !err && i < COUNT(methods); i++) {
		const struct plan plan = {
			.way = methods[i].way,
			.call = call,
			.program = program,
			.hooks = sizes[size].hooks,
			.programs = sizes[size].programs,
			.member = subject_pid(bench->traced),
		};

		if (!grown || methods[i].grows)
			err = bench_row(bench, bench->traced, &plan, methods[i].method);
	}
	return err;
}

static int run(struct bench *bench)
{
	int err = bench_bare(bench, bench->traced, "none-self");

	for (enum call call = 0; !err && call < bench->calls; call++) {
		err = run_program(bench, call, PROGRAM_EMPTY, 0);
		if (!err)
			err = run_program(bench, call, PROGRAM_COUNT, 0);
	}
	for (size_t size = 1; !err && size < COUNT(sizes); size++)
		err = run_program(bench, CALL_READ, PROGRAM_COUNT, size);
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	results_table_traced(bench->results, out);
}

const struct benchmark benchmark_traced = {
	.name = "traced",
	.help = "what the traced process pays itself, for each hit",
	.paths = true,
	.run = run,
	.table = print_table,
};
