// SPDX-License-Identifier: GPL-2.0-or-later
/* The measurements all benchmarks are made of. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(struct attachment *, attachment_free)

void bench_progress(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int bench_bare(struct bench *bench, struct subject *subject, const char *method)
{
	int err = 0;

	for (enum call call = 0; !err && call < bench->calls; call++) {
		struct result result = { .call = call, .method = method };

		err = subject_measure(subject, call, &result.sample);
		if (!err)
			err = results_add(bench->results, &result);
	}
	return err;
}

/* More than a way of attaching can do is a result, too. */
static bool is_limit(int err)
{
	return err == -E2BIG;
}

static int measure(struct bench *bench, struct subject *subject, const struct plan *plan, struct result *result)
{
	_cleanup_(attachment_freep) struct attachment *attachment = NULL;
	int err = attachment_new(plan, bench->programs, &bench->paths[plan->call], &attachment);

	if (!err)
		err = attachment_hook(attachment);
	if (is_limit(err)) {
		result->error = err;
		return 0;
	}
	return err ?: subject_measure(subject, plan->call, &result->sample);
}

int bench_row(struct bench *bench, struct subject *subject, const struct plan *plan, const char *method)
{
	struct result result = {
		.call = plan->call,
		.method = method,
		.kind = way_kind(plan->way),
		.program = program_name(plan->program),
		.hooks = plan->hooks,
		.programs = plan->programs,
		.hits = plan_hits(plan, &bench->paths[plan->call]),
	};
	int err = measure(bench, subject, plan, &result);

	if (err) {
		bench_progress("%s, %s, %zu hooks, %zu programs: %s", method, call_name(plan->call), plan->hooks,
			       plan->programs, strerror(-err));
		return err;
	}
	return results_add(bench->results, &result);
}
