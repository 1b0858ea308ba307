// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost_measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cost_subject.h"
#include "log.h"
#include "scope.h"

#include "cost.skel.h"

#define CALLS 1000 /* at a time: within one time slice, mostly */
#define ROUNDS 25

/* Everything a measurement holds. */
struct bench {
	struct cost *bpf;
	struct cost_subject subject, other;
	struct cost_measurement *result;
};

/* An empty program that can be attached and detached, in one of the ways. */
struct probe {
	const struct bench *bench;
	enum cost_way way;
	struct bpf_program *programs[COST_HOOKS];
	size_t count;
	struct kview *view;
	struct bpf_link *links[COST_HOOKS];
};

static void detach(struct probe *probe)
{
	size_t i;

	kview_closep(&probe->view);
	probe->view = NULL;
	for (i = 0; i < probe->count; i++) {
		bpf_link__destroy(probe->links[i]);
		probe->links[i] = NULL;
	}
}

static int attach_in_view(struct probe *probe)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "cost", .mode = KVIEW_MODE_VIEW };
	bool member = probe->way == COST_WAY_MEMBER;
	size_t i;
	int err;

	err = kview_open(&opts, &probe->view);
	if (err)
		return err;
	for (i = 0; i < probe->count && !err; i++)
		err = kview_attach_program(probe->view, probe->programs[i], NULL, NULL);
	return err ?: kview_add_pid(probe->view, member ? probe->bench->subject.pid : probe->bench->other.pid);
}

static int attach(struct probe *probe)
{
	size_t i;

	if (probe->way != COST_WAY_ORDINARY)
		return attach_in_view(probe);
	for (i = 0; i < probe->count; i++) {
		probe->links[i] = bpf_program__attach(probe->programs[i]);
		if (!probe->links[i])
			return -errno;
	}
	return 0;
}

static int time_call(const struct bench *bench, double *ret_ns)
{
	uint64_t ns;
	int err = cost_subject_time(&bench->subject, CALLS, &ns);

	*ret_ns = (double)ns / CALLS;
	return err;
}

/* The shortest: what else the machine does only ever makes it longer. */
static int time_rounds(const struct bench *bench, double *ret_ns)
{
	double ns = 0, shortest = INFINITY;
	size_t i;
	int err = 0;

	for (i = 0; i < ROUNDS && !err; i++) {
		err = time_call(bench, &ns);
		shortest = fmin(shortest, ns);
	}
	*ret_ns = shortest;
	return err;
}

/* How much longer a call takes with @probe than without, before and after. */
static int measure_probe(struct probe *probe, double *ret_ns)
{
	double before, with = 0, after = 0;
	int err;

	err = time_rounds(probe->bench, &before) ?: attach(probe) ?: time_rounds(probe->bench, &with);
	detach(probe);
	err = err ?: time_rounds(probe->bench, &after);
	*ret_ns = with - (before + after) / 2;
	return err;
}

static void measure_place(struct bench *bench, enum cost_way way, const char *place, struct bpf_program *program)
{
	struct probe probe = { .bench = bench, .way = way, .programs = { program }, .count = 1 };
	struct cost_hook *hook = &bench->result->hooks[bench->result->count++];

	*hook = (struct cost_hook){ .way = way, .place = place };
	hook->measured = bpf_program__fd(program) >= 0 && !measure_probe(&probe, &hook->ns);
}

/* All places at once, in a view of another process: expected to be nothing, so all of it is looked for. */
static void measure_other(struct bench *bench)
{
	struct probe probe = { .bench = bench, .way = COST_WAY_OTHER };
	struct cost_hook *hook = &bench->result->hooks[bench->result->count++];
	struct bpf_program *program;

	bpf_object__for_each_program(program, bench->bpf->obj)
		if (bpf_program__fd(program) >= 0)
			probe.programs[probe.count++] = program;
	*hook = (struct cost_hook){ .way = COST_WAY_OTHER, .place = "all of these" };
	hook->measured = !measure_probe(&probe, &hook->ns);
}

static void measure_all(struct bench *bench, bool views)
{
	const struct {
		const char *place;
		struct bpf_program *program;
	} places[] = {
		{ "kprobe", bench->bpf->progs.at_kprobe },
		{ "kretprobe", bench->bpf->progs.at_kretprobe },
		{ "fentry", bench->bpf->progs.at_fentry },
		{ "fexit", bench->bpf->progs.at_fexit },
		{ "tracepoint", bench->bpf->progs.at_tracepoint },
		{ "raw_tp/sys_enter", bench->bpf->progs.at_raw_enter },
		{ "raw_tp/sys_exit", bench->bpf->progs.at_raw_exit },
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		measure_place(bench, COST_WAY_ORDINARY, places[i].place, places[i].program);
		if (views)
			measure_place(bench, COST_WAY_MEMBER, places[i].place, places[i].program);
	}
	if (views)
		measure_other(bench);
}

static int measure_call(struct bench *bench)
{
	double again = 0;
	int err;

	err = time_rounds(bench, &bench->result->call_ns) ?: time_rounds(bench, &again);
	bench->result->noise_ns = fabs(again - bench->result->call_ns);
	return err;
}

static void bench_deinit(struct bench *bench)
{
	cost_subject_stop(&bench->subject);
	cost_subject_stop(&bench->other);
	cost__destroy(bench->bpf);
}

int cost_measure(struct cost_measurement *ret_measurement)
{
	_cleanup_(bench_deinit) struct bench bench = {
		.subject = COST_SUBJECT_NONE,
		.other = COST_SUBJECT_NONE,
		.result = ret_measurement,
	};
	struct kview_status status = { .sz = sizeof(status) };
	int err;

	log_clear();
	bench.bpf = cost__open_and_load();
	if (!bench.bpf)
		return cli_fail(-errno, log_cause(), "cost: the programs cannot be loaded");
	err = cost_subject_start(&bench.subject) ?: cost_subject_start(&bench.other) ?: measure_call(&bench);
	if (err)
		return cli_fail(err, NULL, "cost: cannot measure");
	measure_all(&bench, !kview_status(&status) && status.module_loaded);
	return CLI_OK;
}

const struct cost_hook *cost_measured(const struct cost_measurement *measurement, enum cost_way way, const char *place)
{
	size_t i;

	for (i = 0; i < measurement->count; i++)
		if (measurement->hooks[i].way == way && measurement->hooks[i].measured &&
		    !strcmp(measurement->hooks[i].place, place))
			return &measurement->hooks[i];
	return NULL;
}
