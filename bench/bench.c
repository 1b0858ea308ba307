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
	&benchmark_untraced, &benchmark_traced,  &benchmark_ends,    &benchmark_servers,  &benchmark_switches,
	&benchmark_views,    &benchmark_attach,  &benchmark_many,    &benchmark_memory,   &benchmark_members,
	&benchmark_guard,    &benchmark_exec,
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct options {
	const char *module, *output;
	bool quick;
	const struct benchmark *benchmark;
};

static const struct argp_option option_table[] = {
	{ "list", 'l', NULL, 0, "Print the names of the benchmarks", 0 },
	{ "module", 'm', "FILE", 0, "The module to load (default: the one built for this kernel)", 0 },
	{ "output", 'o', "FILE", 0, "Append a JSON line for each measurement", 0 },
	{ "quick", 'q', NULL, 0, "Only a few rows that show the point", 0 },
	{},
};

static const struct benchmark *find(const char *name)
{
	for (size_t i = 0; i < COUNT(benchmarks); i++) {
		if (!strcmp(benchmarks[i]->name, name))
			return benchmarks[i];
	}
	return NULL;
}

static void print_names(void)
{
	for (size_t i = 0; i < COUNT(benchmarks); i++)
		puts(benchmarks[i]->name);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'l':
		print_names();
		exit(0);
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
		if (options->benchmark)
			argp_error(state, "one benchmark at a time, so that each has a fresh kernel");
		options->benchmark = find(arg);
		if (!options->benchmark)
			argp_error(state, "%s: no such benchmark", arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which benchmark?");
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
	fprintf(out, "Benchmarks:\n");
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
		.args_doc = "BENCHMARK",
		.doc = "Measure what tracing costs, in instructions.\v ",
		.help_filter = describe,
	};

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, options);
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

static int find_paths(struct bench *bench)
{
	bench_progress("looking for functions to hook");
	return fail("functions to hook", paths_find(bench->traced, bench->programs, bench->paths));
}

/* With the module. */
static int prepare(struct bench *bench, const struct options *options)
{
	int err = fail("loading the module", module_load(options->module));

	if (!err)
		err = fail("measuring", bench_bare(bench, bench->other, "module"));
	if (!err)
		err = fail("BPF programs", programs_open(subject_pid(bench->traced), &bench->programs));
	if (err || !options->benchmark->paths)
		return err;
	return find_paths(bench);
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
		err = fail(options->benchmark->name, options->benchmark->run(bench));
	if (!err)
		err = end(bench);
	if (err)
		return 1;
	options->benchmark->table(bench, stdout);
	return check(bench);
}

int main(int argc, char **argv)
{
	struct options options = {};
	struct bench bench = {};
	int status;

	parse_options(argc, argv, &options);
	bench.quick = options.quick;
	/* Others than those about system calls only need to see that nothing is left behind. */
	bench.calls = options.quick || !options.benchmark->paths ? CALL_READ + 1 : CALLS;
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
