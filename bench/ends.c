// SPDX-License-Identifier: GPL-2.0-or-later
/* What the traced process pays for hooks on the entry of a function, on its return, and on both. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <kview/kview.h>

#include "bench.h"
#include "end_programs.skel.h"
#include "util/cleanup.h"

#define PROGRAMS_MAX 2

static const struct variant {
	const char *name;
	const char *programs[PROGRAMS_MAX];
} variants[] = {
	{ "kprobe", { "kprobe" } },
	{ "kretprobe", { "kretprobe" } },
	{ "kprobe + kretprobe", { "kprobe", "kretprobe" } },
	{ "fentry", { "fentry" } },
	{ "fexit", { "fexit" } },
	{ "fentry + fexit", { "fentry", "fexit" } },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Instructions on top of the bare call, for the table. */
static struct {
	double kernel, view;
} costs[COUNT(variants)];

DEFINE_CLEANUP(struct end_programs *, end_programs__destroy)
DEFINE_CLEANUP(struct kview *, kview_close)

static const struct bpf_program *find(const struct end_programs *programs, const char *name)
{
	return bpf_object__find_program_by_name(programs->obj, name);
}

static int measure(struct bench *bench, const struct variant *variant, const char *by, double *ret_cost)
{
	struct sample sample;
	int err = subject_measure(bench->traced, CALL_READ, &sample);

	if (err)
		return err;
	*ret_cost = sample.min - results_bare(bench->results, CALL_READ);
	results_print(bench->results, "\"method\": \"ends\", \"by\": \"%s\", \"hooks\": \"%s\", \"insns\": %.3f", by,
		      variant->name, *ret_cost);
	return 0;
}

static int measure_kernel(struct bench *bench, const struct end_programs *programs, size_t index)
{
	struct bpf_link *links[PROGRAMS_MAX] = {};
	int err = 0;

	for (size_t i = 0; !err && i < PROGRAMS_MAX && variants[index].programs[i]; i++) {
		links[i] = bpf_program__attach(find(programs, variants[index].programs[i]));
		err = links[i] ? 0 : -errno;
	}
	if (!err)
		err = measure(bench, &variants[index], "kernel", &costs[index].kernel);
	for (size_t i = 0; i < PROGRAMS_MAX; i++)
		bpf_link__destroy(links[i]);
	return err;
}

static int measure_view(struct bench *bench, const struct end_programs *programs, size_t index)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	_cleanup_(kview_closep) struct kview *view = NULL;
	int err = kview_open(&opts, &view);

	if (!err)
		err = kview_add_pid(view, subject_pid(bench->traced));
	for (size_t i = 0; !err && i < PROGRAMS_MAX && variants[index].programs[i]; i++)
		err = kview_attach_program(view, find(programs, variants[index].programs[i]), NULL, NULL);
	return err ?: measure(bench, &variants[index], "kview", &costs[index].view);
}

static int run(struct bench *bench)
{
	_cleanup_(end_programs__destroyp) struct end_programs *programs = end_programs__open_and_load();
	int err = programs ? 0 : -errno;

	for (size_t i = 0; !err && i < COUNT(variants); i++) {
		bench_progress("ends of a function: %s", variants[i].name);
		err = measure_kernel(bench, programs, i);
		if (!err)
			err = measure_view(bench, programs, i);
	}
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	(void)bench;
	fprintf(out, "\nThe traced process, instructions more per read(), an empty program at the ends of vfs_read():\n\n");
	fprintf(out, "  %-30s%12s%12s\n", "", "kernel", "kview");
	for (size_t i = 0; i < COUNT(variants); i++)
		fprintf(out, "  %-30s%12.3f%12.3f\n", variants[i].name, costs[i].kernel, costs[i].view);
}

const struct benchmark benchmark_ends = {
	.name = "ends",
	.help = "what hooks on both ends of a function cost the traced process",
	.run = run,
	.table = print_table,
};
