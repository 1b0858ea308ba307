// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What tracing costs, in instructions. Runs as root in `vm/run --icount --no-module`, on one processor: it loads the
 * module itself, between the measurements without and those with it, so that all of them are of the same boot and the
 * same processes.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "insns.h"
#include "module.h"

static const struct benchmark *const benchmarks[] = {
	&benchmark_untraced, &benchmark_traced, &benchmark_ends, &benchmark_attach, &benchmark_memory,
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct options {
	const char *module, *output;
	bool quick;
	const struct benchmark *chosen[COUNT(benchmarks)];
	size_t count; /* 0: all */
};

static const struct argp_option option_table[] = {
	{ "module", 'm', "FILE", 0, "The module to load (default: the one built for this kernel)", 0 },
	{ "output", 'o', "FILE", 0, "Append a JSON line for each measurement", 0 },
	{ "quick", 'q', NULL, 0, "Only a few rows that show the point", 0 },
	{},
};

static const struct benchmark *find(const char *name, struct argp_state *state)
{
	for (size_t i = 0; i < COUNT(benchmarks); i++) {
		if (!strcmp(benchmarks[i]->name, name))
			return benchmarks[i];
	}
	argp_error(state, "%s: no such benchmark", name);
	return NULL;
}

static void choose(struct options *options, const char *name, struct argp_state *state)
{
	const struct benchmark *benchmark = find(name, state);

	for (size_t i = 0; i < options->count; i++) {
		if (options->chosen[i] == benchmark)
			return;
	}
	options->chosen[options->count++] = benchmark;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'm':
		options->module = arg;
		return 0;
	case 'o':
		options->output = arg;
		return 0;
	case 'q':
		options->quick = true;
		return 0;
	case ARGP_KEY_ARG:
		choose(options, arg, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Add the list of benchmarks to --help. */
static char *describe(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&list, &size);
	if (!out)
		return NULL;
	fprintf(out, "Benchmarks (default: all):\n");
	for (size_t i = 0; i < COUNT(benchmarks); i++)
		fprintf(out, "  %-12s %s\n", benchmarks[i]->name, benchmarks[i]->help);
	fclose(out);
	return list;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.args_doc = "[BENCHMARK...]",
		.doc = "Measure what tracing costs, in instructions.\v ",
		.help_filter = describe,
	};

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, options);
	if (options->count)
		return;
	memcpy(options->chosen, benchmarks, sizeof(benchmarks));
	options->count = COUNT(benchmarks);
}

static int fail(const char *what, int err)
{
	if (err)
		bench_progress("%s: %s", what, strerror(-err));
	return err;
}

/* Without the module. */
static int begin(struct bench *bench, const struct options *options)
{
	int err = fail(options->output ?: "results", results_open(options->output, &bench->results));

	if (!err)
		err = fail("measured process", subject_start(&bench->other));
	if (!err)
		err = fail("traced process", subject_start(&bench->traced));
	return err ?: fail("measuring", bench_bare(bench, bench->other, "none"));
}

/* With the module. */
static int prepare(struct bench *bench, const struct options *options)
{
	int err = fail("loading the module", module_load(options->module));

	if (!err)
		err = fail("measuring", bench_bare(bench, bench->other, "module"));
	bench_progress("looking for functions to hook");
	if (!err)
		err = fail("BPF programs", programs_open(subject_pid(bench->traced), &bench->programs));
	if (!err)
		err = fail("functions to hook", paths_find(bench->traced, bench->programs, bench->paths));
	return err;
}

static int run_chosen(struct bench *bench, const struct options *options)
{
	int err = 0;

	for (size_t i = 0; !err && i < options->count; i++)
		err = fail(options->chosen[i]->name, options->chosen[i]->run(bench));
	return err;
}

/* Without the module again: nothing must be left of it. */
static int end(struct bench *bench)
{
	int err;

	programs_close(bench->programs);
	bench->programs = NULL;
	err = fail("unloading the module", module_unload());
	return err ?: fail("measuring", bench_bare(bench, bench->other, "none-again"));
}

static void print_tables(const struct bench *bench, const struct options *options)
{
	for (size_t i = 0; i < options->count; i++)
		options->chosen[i]->table(bench, stdout);
}

static int check(const struct bench *bench)
{
	if (results_nothing_paid(bench->results)) {
		printf("\nkview on another process costs 0.000 instructions, in every row.\n");
		return 0;
	}
	printf("\nFAILED: the untraced process pays for kview.\n");
	return 1;
}

static int run(struct bench *bench, const struct options *options)
{
	int err = begin(bench, options);

	if (!err)
		err = prepare(bench, options);
	if (!err)
		err = run_chosen(bench, options);
	if (!err)
		err = end(bench);
	if (err)
		return 1;
	print_tables(bench, options);
	return check(bench);
}

int main(int argc, char **argv)
{
	struct options options = {};
	struct bench bench = {};
	int status;

	parse_options(argc, argv, &options);
	bench.quick = options.quick;
	bench.calls = options.quick ? CALL_READ + 1 : CALLS;
	if (!insns_counted()) {
		bench_progress("the time stamp counter does not count instructions: use vm/run --icount");
		return 1;
	}
	if (module_loaded()) {
		bench_progress("the module is loaded already: use vm/run --no-module");
		return 1;
	}
	status = run(&bench, &options);
	subject_stop(bench.traced);
	subject_stop(bench.other);
	programs_close(bench.programs);
	results_close(bench.results);
	return status;
}
