// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The paper's macro test in kind: a real server that nobody traces, while another of its kind is traced.
 *
 * Two measurements of each way to trace: single requests, one after the other over one connection, and the servers' own load
 * tools with ten connections, which are as irregular as real loads are. The ways take turns, so that what drifts (TCP's
 * estimates, the scheduler's, static keys that perf switches off with a delay) drifts for all of them; "nothing attached"
 * takes two turns in each round, to tell what a difference means.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <kview/kview.h>
#include <string.h>

#include "bench.h"
#include "samples.h"
#include "server.h"
#include "server_programs.skel.h"
#include "util/cleanup.h"

#define FIRST_PORT 7101
#define ROUNDS 4	  /* and one before, whose figures do not count */
#define SETTLING 500	  /* requests that each turn begins with, and whose figures do not count */
#define SAMPLES 1000	  /* requests of each turn */
#define LOAD_REQUESTS 2000
#define CHECKED 20	 /* requests the traced server gets, to see that the tracer sees them */
#define HOOKS 2

static const struct method {
	const char *name, *label;
	enum { ATTACH_NOTHING, ATTACH_ALL, ATTACH_FILTER, ATTACH_VIEW } attach;
} methods[] = {
	{ "none", "nothing attached", ATTACH_NOTHING },
	{ "post", "program runs for everyone", ATTACH_ALL },
	{ "filter", "filter in the program", ATTACH_FILTER },
	{ "kview", "kview on the other server", ATTACH_VIEW },
	{ "none-again", "nothing attached, again", ATTACH_NOTHING },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *const hooks[SERVER_KINDS][HOOKS] = {
	[SERVER_MEMCACHED] = { "enter_read", "enter_sendmsg" },
	[SERVER_REDIS] = { "enter_any", "exit_any" },
};

/* Instructions of single requests. */
struct samples {
	uint64_t own[ROUNDS * SAMPLES];	 /* of the server's process */
	uint64_t both[ROUNDS * SAMPLES]; /* of everything that runs until the answer is there */
	size_t count;
};

static struct samples samples[COUNT(methods)][REQUESTS];

/* Everything measured, for the table. */
static struct outcome {
	struct figure own[REQUESTS], both[REQUESTS];
	uint64_t load_requests;
	double load_insns, load_seconds; /* of all of them */
} outcomes[SERVER_KINDS][COUNT(methods)];

/* One way to trace, while it lasts. */
struct tracer {
	struct server_programs *programs;
	struct bpf_link *links[HOOKS];
	struct kview *view;
};

DEFINE_CLEANUP(struct server *, server_stop)

static void tracer_end(struct tracer *tracer)
{
	for (size_t i = 0; i < HOOKS; i++)
		bpf_link__destroy(tracer->links[i]);
	kview_close(tracer->view);
	server_programs__destroy(tracer->programs);
}

static struct bpf_program *nth_program(const struct tracer *tracer, enum server_kind kind, size_t i)
{
	return bpf_object__find_program_by_name(tracer->programs->obj, hooks[kind][i]);
}

static int load_programs(struct tracer *tracer, enum server_kind kind, pid_t only)
{
	struct bpf_program *prog;

	tracer->programs = server_programs__open();
	if (!tracer->programs)
		return -errno;
	tracer->programs->rodata->only = only;
	bpf_object__for_each_program(prog, tracer->programs->obj)
		bpf_program__set_autoload(prog, false);
	for (size_t i = 0; i < HOOKS; i++)
		bpf_program__set_autoload(nth_program(tracer, kind, i), true);
	return server_programs__load(tracer->programs);
}

static int attach_view(struct tracer *tracer, enum server_kind kind, pid_t traced)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .name = "bench", .mode = KVIEW_MODE_VIEW };
	int err = kview_open(&opts, &tracer->view);

	if (!err)
		err = kview_add_pid(tracer->view, traced);
	for (size_t i = 0; !err && i < HOOKS; i++)
		err = kview_attach_program(tracer->view, nth_program(tracer, kind, i), NULL, NULL);
	return err;
}

static int tracer_begin(struct tracer *tracer, const struct method *method, enum server_kind kind, pid_t traced)
{
	int err;

	if (method->attach == ATTACH_NOTHING)
		return 0;
	err = load_programs(tracer, kind, method->attach == ATTACH_FILTER ? traced : 0);
	if (!err && method->attach == ATTACH_VIEW)
		return attach_view(tracer, kind, traced);
	for (size_t i = 0; !err && i < HOOKS; i++) {
		tracer->links[i] = bpf_program__attach(nth_program(tracer, kind, i));
		err = tracer->links[i] ? 0 : -errno;
	}
	return err;
}

static uint64_t events_of(const struct tracer *tracer, pid_t pid)
{
	uint64_t count = 0;
	__u32 key = pid;

	bpf_map_lookup_elem(bpf_map__fd(tracer->programs->maps.counts), &key, &count);
	return count;
}

/* A tracer that does not see what it should, or sees what it should not, makes a fine figure. */
static int check_tracer(const struct tracer *tracer, const struct method *method, struct server *traced,
			const struct server *other)
{
	uint64_t before, events, others;
	int err = 0;

	if (method->attach == ATTACH_NOTHING)
		return 0;
	before = events_of(tracer, server_pid(traced));
	for (int i = 0; !err && i < CHECKED; i++)
		err = server_exchange(traced, REQUEST_GET);
	events = events_of(tracer, server_pid(traced)) - before;
	if (err)
		return err;
	others = events_of(tracer, server_pid(other));
	if (events >= 2 * CHECKED && (others > 0) == (method->attach == ATTACH_ALL))
		return 0;
	bench_progress("%s: %lu events of %d requests to the traced server, %lu of the other", method->name, events,
		       CHECKED, others);
	return -EBADMSG;
}

static int time_request(struct server *server, enum request request, uint64_t *ret_server, uint64_t *ret_both)
{
	uint64_t server_start = server_insns(server), start = insns_now();
	int err = server_exchange(server, request);

	*ret_both = insns_now() - start;
	*ret_server = server_insns(server) - server_start;
	return err;
}

static int measure_requests(struct server *server, enum request request, struct samples *samples)
{
	int err = 0;

	for (size_t i = 0; !err && i < SAMPLES; i++) {
		err = time_request(server, request, &samples->own[samples->count], &samples->both[samples->count]);
		samples->count += !err;
	}
	return err;
}

static int measure_load(struct server *server, struct outcome *outcome)
{
	struct load load;
	int err = server_load(server, LOAD_REQUESTS, &load);

	if (err)
		return err;
	outcome->load_requests += load.requests;
	outcome->load_insns += load.server_insns;
	outcome->load_seconds += load.requests / load.per_second;
	return 0;
}

/*
 * Who has used the processor for long, to attach or for anything else, is preempted more readily by the server for some
 * hundred requests, at whose end TCP acknowledges at other times. Writes bring both back to where they were.
 */
static int settle(struct server *server)
{
	int err = 0;

	for (int i = 0; !err && i < SETTLING; i++)
		err = server_exchange(server, REQUEST_SET);
	return err;
}

static int measure(struct bench *bench, enum server_kind kind, size_t method, struct server *server)
{
	int err = settle(server);

	for (enum request request = 0; !err && request < REQUESTS; request++)
		err = measure_requests(server, request, &samples[method][request]);
	return err || bench->quick ? err : measure_load(server, &outcomes[kind][method]);
}

static int run_method(struct bench *bench, enum server_kind kind, size_t method, struct server *traced,
		      struct server *other)
{
	struct tracer tracer = {};
	int err = tracer_begin(&tracer, &methods[method], kind, server_pid(traced));

	if (!err)
		err = measure(bench, kind, method, other);
	if (!err)
		err = check_tracer(&tracer, &methods[method], traced, other);
	tracer_end(&tracer);
	return err;
}

static int run_round(struct bench *bench, enum server_kind kind, int round, struct server *traced, struct server *other)
{
	int err = 0;

	for (size_t method = 0; !err && method < COUNT(methods); method++) {
		bench_progress("%s, round %d of %d, %s", server_name(kind), round, ROUNDS, methods[method].label);
		err = run_method(bench, kind, method, traced, other);
	}
	return err;
}

static void forget(enum server_kind kind)
{
	memset(samples, 0, sizeof(samples));
	memset(outcomes[kind], 0, sizeof(outcomes[kind]));
}

static double load_insns(const struct outcome *outcome)
{
	return outcome->load_insns / outcome->load_requests;
}

static double throughput(const struct outcome *outcome)
{
	return outcome->load_requests / outcome->load_seconds;
}

static void print_request(struct bench *bench, enum server_kind kind, size_t method, enum request request)
{
	const struct figure *own = &outcomes[kind][method].own[request], *none = &outcomes[kind][0].own[request];
	const struct figure *both = &outcomes[kind][method].both[request], *none_both = &outcomes[kind][0].both[request];

	results_print(bench->results,
		      "\"method\": \"%s\", \"server\": \"%s\", \"request\": \"%s\", \"insns\": %.0f, \"over_none\": %.0f, "
		      "\"seen\": %u, \"median\": %.0f, \"over_none_median\": %.0f, \"both\": %.0f, \"over_none_both\": %.0f, "
		      "\"median_both\": %.0f, \"over_none_median_both\": %.0f",
		      methods[method].name, server_name(kind), request_name(request), own->min, own->min - none->min,
		      own->seen, own->median, own->median - none->median, both->min, both->min - none_both->min,
		      both->median, both->median - none_both->median);
}

static void print_load(struct bench *bench, enum server_kind kind, size_t method)
{
	const struct outcome *now = &outcomes[kind][method], *none = &outcomes[kind][0];

	results_print(bench->results,
		      "\"method\": \"%s\", \"server\": \"%s\", \"load\": \"%s\", \"requests\": %lu, \"mean\": %.1f, "
		      "\"over_none_mean\": %.1f, \"per_second\": %.0f, \"throughput_ratio\": %.4f",
		      methods[method].name, server_name(kind), server_tool(kind), now->load_requests, load_insns(now),
		      load_insns(now) - load_insns(none), throughput(now), throughput(now) / throughput(none));
}

static void sum_up(struct bench *bench, enum server_kind kind)
{
	for (size_t method = 0; method < COUNT(methods); method++) {
		for (enum request request = 0; request < REQUESTS; request++) {
			struct samples *all = &samples[method][request];

			samples_sum_up(all->own, all->count, &outcomes[kind][method].own[request]);
			samples_sum_up(all->both, all->count, &outcomes[kind][method].both[request]);
			print_request(bench, kind, method, request);
		}
		if (!bench->quick)
			print_load(bench, kind, method);
	}
}

static int run_kind(struct bench *bench, enum server_kind kind)
{
	_cleanup_(server_stopp) struct server *traced = NULL, *other = NULL;
	int err = server_start(kind, FIRST_PORT + 2 * kind, &traced);

	if (!err)
		err = server_start(kind, FIRST_PORT + 2 * kind + 1, &other);
	if (err)
		bench_progress("%s does not start; scripts/deps.sh bench installs it", server_name(kind));
	for (int round = 0; !err && round <= ROUNDS; round++) {
		/* The first one only makes everything as it is from then on. */
		if (round <= 1)
			forget(kind);
		err = run_round(bench, kind, round, traced, other);
	}
	if (!err)
		sum_up(bench, kind);
	return err;
}

static int run(struct bench *bench)
{
	int err = 0;

	for (enum server_kind kind = 0; !err && kind < SERVER_KINDS; kind++)
		err = run_kind(bench, kind);
	return err;
}

static void print_row(const struct bench *bench, enum server_kind kind, size_t method, FILE *out)
{
	const struct outcome *now = &outcomes[kind][method], *none = &outcomes[kind][0];
	bool first = method == 0;

	fprintf(out, "    %-30s", methods[method].label);
	for (enum request request = 0; request < REQUESTS; request++)
		fprintf(out, first ? "%12.0f" : "%+12.0f",
			now->own[request].median - (first ? 0 : none->own[request].median));
	if (!bench->quick)
		fprintf(out, first ? "%18.0f%11.1f%%" : "%+18.0f%11.1f%%", load_insns(now) - (first ? 0 : load_insns(none)),
			100 * throughput(now) / throughput(none));
	fputc('\n', out);
}

static void print_kind(const struct bench *bench, enum server_kind kind, FILE *out)
{
	fprintf(out, "  %-32s%12s%12s", server_name(kind), "get", "set");
	if (!bench->quick)
		fprintf(out, "%18s%12s", server_tool(kind), "throughput");
	fputc('\n', out);
	for (size_t method = 0; method < COUNT(methods); method++)
		print_row(bench, kind, method, out);
}

static void print_table(const struct bench *bench, FILE *out)
{
	fprintf(out, "\nInstructions per request of a server that nobody traces, and more than that while another is traced:\n"
		     "single requests (median), and under load (mean)\n\n");
	for (enum server_kind kind = 0; kind < SERVER_KINDS; kind++)
		print_kind(bench, kind, out);
}

const struct benchmark benchmark_servers = {
	.name = "servers",
	.help = "what memcached and Redis pay while another server is traced",
	.run = run,
	.table = print_table,
};
