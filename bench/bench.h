/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every benchmark is given, and the descriptor by which bench.c knows it. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>

#include "attach.h"
#include "paths.h"
#include "programs.h"
#include "results.h"
#include "subject.h"

#define COSTS_MAX 16 /* five ways to attach, three numbers of hooks */

/* What attaching and detaching take: for the table. */
struct cost {
	const char *by, *kind;
	size_t hooks;
	double attach, detach; /* ticks per hook */
};

struct bench {
	bool quick;		 /* a few rows that show the point */
	enum call calls;	 /* measured are those below this one */
	struct subject *other;	 /* nobody traces it */
	struct subject *traced;	 /* the member of views, the process filters let through */
	struct programs *programs;
	struct path paths[CALLS]; /* for benchmarks that ask for them */
	struct results *results;
	struct cost costs[COSTS_MAX];
	size_t cost_count;
};

struct kview;
struct kview_status;

struct benchmark {
	const char *name, *help;
	bool paths; /* bench.paths is found before it is run */
	int (*run)(struct bench *bench);
	void (*table)(const struct bench *bench, FILE *out);
};

extern const struct benchmark benchmark_untraced;
extern const struct benchmark benchmark_traced;
extern const struct benchmark benchmark_ends;
extern const struct benchmark benchmark_guard;
extern const struct benchmark benchmark_attach;
extern const struct benchmark benchmark_many;
extern const struct benchmark benchmark_memory;
extern const struct benchmark benchmark_members;
extern const struct benchmark benchmark_servers;
extern const struct benchmark benchmark_switches;
extern const struct benchmark benchmark_views;
extern const struct benchmark benchmark_exec;

/* "bench: ..." on standard error, for people who wait. */
void bench_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Measure with nothing attached, all calls. */
int bench_bare(struct bench *bench, struct subject *subject, const char *method);

/* Attach as @plan says, measure in @subject, detach, and add it as a row. */
int bench_row(struct bench *bench, struct subject *subject, const struct plan *plan, const char *method);

/* A view with an empty program on the entry of @function; nobody is in it yet. */
int bench_open_view(struct bench *bench, const char *function, struct kview **ret_view);

/* All that views use, once nothing waits to be freed. */
int bench_settled_status(struct kview_status *ret_status);

#endif
