// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost_measure.h"

#include <errno.h>
#include <linux/bpf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli.h"
#include "cost_subject.h"
#include "log.h"
#include "scope.h"
#include "util/cleanup.h"

#include "cost.skel.h"

#define CALLS 1000 /* at a time: within one time slice, mostly */
#define ROUNDS 15

/* Everything a measurement holds. */
struct bench {
	struct cost *bpf;
	struct cost_subject subject, other;
	struct cost_price bare[COST_CALLS + 1]; /* of calls, by the bits of enum cost_call, without; ns 0: not known */
	struct cost_measurement *result;
};

/* An empty program that can be attached and detached, in one of the ways. */
struct probe {
	struct bench *bench;
	enum cost_way way;
	struct bpf_program *programs[COST_HOOKS];
	size_t count;
	unsigned int calls; /* that pass it: enum cost_call */
	struct kview *view;
	struct bpf_link *links[COST_HOOKS];
	int session; /* the link of one by the kernel, or negative */
};

/* A kind of hook, with a program there and the call that passes it. */
struct place {
	const char *name;
	struct bpf_program *program;
	enum cost_call call;
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
	closep(&probe->session);
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

/* Debian 12's libbpf has no links for them. */
static int attach_session(const struct bpf_program *program)
{
	const char *const function = strchr(bpf_program__section_name(program), '/') + 1;
	union bpf_attr attr = {
		.link_create = {
			.prog_fd = bpf_program__fd(program),
			.attach_type = bpf_program__get_expected_attach_type(program),
			.kprobe_multi = { .cnt = 1, .syms = (uintptr_t)&function },
		},
	};
	int fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

static int attach_one(struct probe *probe, size_t i)
{
	if (probe->programs[i] == probe->bench->bpf->progs.at_session) {
		probe->session = attach_session(probe->programs[i]);
		return probe->session < 0 ? probe->session : 0;
	}
	probe->links[i] = bpf_program__attach(probe->programs[i]);
	return probe->links[i] ? 0 : -errno;
}

static int attach(struct probe *probe)
{
	int err = 0;

	if (probe->way != COST_WAY_ORDINARY)
		return attach_in_view(probe);
	for (size_t i = 0; i < probe->count && !err; i++)
		err = attach_one(probe, i);
	return err;
}

static int price_calls(struct bench *bench, unsigned int calls, struct cost_price *ret_price)
{
	struct cost_sample sample;
	int err = cost_subject_ask(&bench->subject, calls, CALLS, &sample);

	if (err)
		return err;
	bench->result->counter = bench->result->counter ?: sample.counter;
	*ret_price = (struct cost_price){
		.ns = (double)sample.ns / CALLS,
		.instructions = sample.counter ? NAN : (double)sample.instructions / CALLS,
	};
	return 0;
}

/* The least: what else the machine does only ever makes it more. */
static int price_rounds(struct bench *bench, unsigned int calls, struct cost_price *ret_price)
{
	struct cost_price price, least = { INFINITY, INFINITY };
	size_t i;
	int err = 0;

	for (i = 0; i < ROUNDS && !err; i++) {
		err = price_calls(bench, calls, &price);
		if (err)
			break;
		least.ns = fmin(least.ns, price.ns);
		least.instructions = isnan(price.instructions) ? NAN : fmin(least.instructions, price.instructions);
	}
	*ret_price = least;
	return err;
}

/* How much more a call takes with @probe than without, before, which is after the last one, and after. */
static int measure_probe(struct probe *probe, struct cost_price *ret_price)
{
	struct cost_price *bare = &probe->bench->bare[probe->calls], before, with = {};
	int err = bare->ns ? 0 : price_rounds(probe->bench, probe->calls, bare);

	if (err)
		return err;
	before = *bare;
	err = attach(probe) ?: price_rounds(probe->bench, probe->calls, &with);
	detach(probe);
	err = err ?: price_rounds(probe->bench, probe->calls, bare);
	ret_price->ns = with.ns - (before.ns + bare->ns) / 2;
	ret_price->instructions = with.instructions - (before.instructions + bare->instructions) / 2;
	return err;
}

static void measure_place(struct bench *bench, enum cost_way way, const struct place *place)
{
	struct probe probe = {
		.bench = bench,
		.way = way,
		.programs = { place->program },
		.count = 1,
		.calls = place->call,
		.session = -1,
	};
	struct cost_hook *hook = &bench->result->hooks[bench->result->count++];

	*hook = (struct cost_hook){ .way = way, .place = place->name };
	hook->measured = bpf_program__fd(place->program) >= 0 && !measure_probe(&probe, &hook->price);
}

/* All that can be had at once, in a view of another process: expected to be nothing, so all of it is looked for. */
static void measure_other(struct bench *bench, const struct place *places, size_t count)
{
	struct probe probe = { .bench = bench, .way = COST_WAY_OTHER, .calls = COST_CALLS, .session = -1 };
	struct cost_hook *hook = &bench->result->hooks[bench->result->count++];
	size_t i;

	for (i = 0; i < count; i++)
		if (cost_measured(bench->result, COST_WAY_MEMBER, places[i].name))
			probe.programs[probe.count++] = places[i].program;
	*hook = (struct cost_hook){ .way = COST_WAY_OTHER, .place = "all of these" };
	hook->measured = !measure_probe(&probe, &hook->price);
}

static void measure_all(struct bench *bench, bool views)
{
	const struct place places[] = {
		{ "kprobe", bench->bpf->progs.at_kprobe, COST_CALL_GETPGID },
		{ "kretprobe", bench->bpf->progs.at_kretprobe, COST_CALL_GETPGID },
		{ "kprobe.multi", bench->bpf->progs.at_kprobe_multi, COST_CALL_GETPGID },
		{ "kretprobe.multi", bench->bpf->progs.at_kretprobe_multi, COST_CALL_GETPGID },
		{ "kprobe.session", bench->bpf->progs.at_session, COST_CALL_GETPGID },
		{ "fentry", bench->bpf->progs.at_fentry, COST_CALL_GETPGID },
		{ "fexit", bench->bpf->progs.at_fexit, COST_CALL_GETPGID },
		{ "tracepoint", bench->bpf->progs.at_event, COST_CALL_RENAME },
		{ "tracepoint/syscalls", bench->bpf->progs.at_tracepoint, COST_CALL_GETPGID },
		{ "raw_tp", bench->bpf->progs.at_raw_tp, COST_CALL_RENAME },
		{ "raw_tp/sys_enter", bench->bpf->progs.at_raw_enter, COST_CALL_GETPGID },
		{ "raw_tp/sys_exit", bench->bpf->progs.at_raw_exit, COST_CALL_GETPGID },
		{ "tp_btf", bench->bpf->progs.at_tp_btf, COST_CALL_RENAME },
	};
	const size_t count = sizeof(places) / sizeof(places[0]);
	size_t i;

	for (i = 0; i < count; i++) {
		measure_place(bench, COST_WAY_ORDINARY, &places[i]);
		if (views)
			measure_place(bench, COST_WAY_MEMBER, &places[i]);
	}
	if (views)
		measure_other(bench, places, count);
}

static int measure_call(struct bench *bench)
{
	struct cost_price again = {};
	int err;

	err = price_rounds(bench, COST_CALL_GETPGID, &bench->result->call) ?: price_rounds(bench, COST_CALL_GETPGID, &again);
	bench->result->noise_ns = fabs(again.ns - bench->result->call.ns);
	return err;
}

/* The session among the programs is left out where there are none. */
static int load_programs(struct bench *bench)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "cost", .mode = KVIEW_MODE_ORDINARY };
	_cleanup_(kview_closep) struct kview *view = NULL;
	int err = kview_open(&opts, &view);

	if (err)
		return err;
	bench->bpf = cost__open();
	if (!bench->bpf)
		return -errno;
	err = kview_prepare_object(view, bench->bpf->obj);
	if (err == -EOPNOTSUPP) {
		bpf_program__set_autoload(bench->bpf->progs.at_session, false);
		err = kview_prepare_object(view, bench->bpf->obj);
	}
	return err ?: cost__load(bench->bpf);
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
	err = load_programs(&bench);
	if (err)
		return cli_fail(err, log_cause(), "cost: the programs cannot be loaded");
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
