// SPDX-License-Identifier: GPL-2.0-or-later
/* The measurements all benchmarks are made of. */
#include <errno.h>
#include <kview/kview.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "util/cleanup.h"

#define SETTLE_US 10000 /* between two looks at what is not freed yet */
#define SETTLE_TRIES 1000

DEFINE_CLEANUP(struct attachment *, attachment_free)
DEFINE_CLEANUP(struct kview *, kview_close)

void bench_progress(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int bench_open_view(struct bench *bench, const char *function, struct kview **ret_view)
{
	_cleanup_(kview_closep) struct kview *view = NULL;
	_cleanup_(closep) int prog = program_load(bench->programs, PROGRAM_EMPTY, BPF_PROG_TYPE_KPROBE, 0);
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	int err = prog < 0 ? prog : kview_open(&opts, &view);

	if (!err)
		err = kview_attach_entries(view, prog, &function, NULL, 1, NULL);
	if (!err)
		*ret_view = TAKE_PTR(view);
	return err;
}

int bench_settled_status(struct kview_status *ret_status)
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
