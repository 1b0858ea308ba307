// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics of known values, told by the daemon's own endpoint, and sent by its own kview-push, until SIGTERM or SIGINT:
 * for monitord_*.sh.
 *
 *     monitord_metrics PORT [KEY_FILE]
 *     monitord_metrics PORT [otlp|remote_write URL PROGRAM EVERY_MS TIMEOUT_MS gzip|none [HEADERS]]
 *
 * Each time somebody asks, or something is sent, what has been counted grows: five requests of 3 ms and one of 40 ms,
 * 1,000 bytes, and so on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "monitor/daemon/endpoint.h"
#include "monitor/daemon/metrics.h"
#include "monitor/daemon/outputs.h"
#include "monitor/daemon/push.h"
#include "monitor/svg.h"
#include "util/clock.h"

#define MS 1000000ULL

static const struct metric_desc requests = { "kview_http_request_seconds", "Requests.", METRIC_HISTOGRAM, 1e-9,
					     { "target", "path" } };
static const struct metric_desc bytes = { "kview_tcp_sent_bytes_total", "Bytes.", METRIC_COUNTER, 1, { "target" } };
static const struct metric_desc sessions = { "kview_tcp_sessions", "Sessions.", METRIC_GAUGE, 1, { "target" } };
static const struct metric_desc processes = { "kview_processes", "Processes.", METRIC_GAUGE, 1, { "target" } };
static const struct metric_desc queries = { "kview_dns_query_seconds", "Queries.", METRIC_HISTOGRAM, 1e-9,
					    { "target", "type", "code" } };
static const struct metric_desc prepares = { "kview_ilp_prepare_seconds", "Packets.", METRIC_HISTOGRAM, 1e-9,
					     { "target", "direction", "result" } };
static const struct metric_desc pauses = { "kview_gc_pause_seconds", "Pauses.", METRIC_HISTOGRAM, 1e-9,
					   { "target", "runtime", "kind" } };
static const struct metric_desc runs = { "kview_monitor_program_runs_total", "Runs.", METRIC_COUNTER, 1, { "program" } };
static const struct metric_desc in_view = { "kview_monitor_program_in_view", "Who pays.", METRIC_GAUGE, 1, { "program" } };
static const struct metric_desc busy = { "kview_monitor_cpu_seconds_total", "Time.", METRIC_COUNTER, 1e-9, {} };

struct told {
	struct metrics *metrics;
	struct metric *requests, *bytes, *sessions, *processes, *busy, *queries, *prepares, *pauses, *runs, *in_view;
	struct push *push; /* NULL: nothing is sent */
	unsigned int pictures; /* that were asked for */
};

static void add_requests(struct metric *metric, uint64_t count, uint64_t each)
{
	struct monitor_sample sample = { .count = count, .sum = count * each };

	sample.slots[monitor_slot(each)] = count;
	metric_add_sample(metric, &sample);
}

static void count(struct told *told)
{
	add_requests(told->requests, 5, 3000000);
	add_requests(told->requests, 1, 40000000);
	metric_add(told->bytes, 1000);
	metric_add(told->busy, 250000000);
	add_requests(told->queries, 2, 100000);
	add_requests(told->prepares, 3, 7000000);
	add_requests(told->pauses, 1, 20000000);
	metric_add(told->runs, 500);
	if (told->push)
		push_look(told->push);
}

static int tell_sessions(FILE *out)
{
	static const char format[] = "{\"target\":\"web\",\"side\":\"%s\",\"local\":\"%s\",\"peer\":\"%s\",\"connecting\":%s,"
				     "\"found\":%s,\"seconds\":%s,\"sent\":%s,\"received\":%s,\"retransmits\":%s,"
				     "\"rtt_seconds\":%s}\n";

	fprintf(out, format, "server", "192.0.2.1:80", "192.0.2.9:40001", "false", "false", "75.2", "2048", "100", "0", "0.0025");
	fprintf(out, format, "client", "[2001:db8::1]:9", "[2001:db8::2]:443", "false", "true", "7300", "10", "3145728", "4",
		"0.1");
	fprintf(out, format, "client", "192.0.2.1:41000", "192.0.2.3:80", "true", "false", "0.5", "0", "0", "0", "0");
	return fputs("{\"sessions\":1003}\n", out) < 0 ? -ENOMEM : 0;
}

/* The first one takes a moment. */
static int tell_flame(struct told *told, const char *target, FILE *out)
{
	const char *const hot[] = { "main", "</title><script>document.title='evil'</script>" }, *const cold[] = { "main", "rest" };
	const struct svg_options options = { .title = target, .bare = true };
	_cleanup_(flame_tree_freep) struct flame_tree *tree = NULL;
	int err;

	if (!told->pictures++) {
		fputs("it is recorded\n", out);
		return -EINPROGRESS;
	}
	err = flame_tree_new(FLAME_SAMPLES, &tree);
	err = err ?: flame_tree_add(tree, hot, 2, FLAME_NOW, 70);
	err = err ?: flame_tree_add(tree, cold, 2, FLAME_NOW, 20 + 10 * told->pictures);
	if (err)
		return err;
	flame_tree_finish(tree);
	return svg_write(tree, &options, out);
}

static int tell(enum endpoint_page page, const char *target, FILE *out, void *data)
{
	struct told *told = data;

	if (page == ENDPOINT_SESSIONS)
		return tell_sessions(out);
	if (page == ENDPOINT_FLAME)
		return tell_flame(told, target, out);
	count(told);
	if (page == ENDPOINT_JSON)
		return metrics_write_json(told->metrics, clock_ns(CLOCK_REALTIME) / 1e9, out);
	return metrics_write_prometheus(told->metrics, out);
}

static int make(struct told *told)
{
	/* What a path can hold, and has to be escaped. */
	const char *const labels[] = { "web", "/a\"b\\c\nd" };
	const char *const hostile[] = { "names", "<img src=x>", "NOERROR" };
	const char *const rejected[] = { "ledger", "out", "reject" };
	const char *const collector[] = { "node", "v8", "scavenge" };
	const char *const program[] = { "monitor_cpu" };
	int err;

	err = metrics_new(100, &told->metrics);
	err = err ?: metrics_get(told->metrics, &requests, labels, &told->requests);
	err = err ?: metrics_get(told->metrics, &bytes, labels, &told->bytes);
	err = err ?: metrics_get(told->metrics, &sessions, labels, &told->sessions);
	err = err ?: metrics_get(told->metrics, &processes, labels, &told->processes);
	err = err ?: metrics_get(told->metrics, &busy, NULL, &told->busy);
	err = err ?: metrics_get(told->metrics, &queries, hostile, &told->queries);
	err = err ?: metrics_get(told->metrics, &prepares, rejected, &told->prepares);
	err = err ?: metrics_get(told->metrics, &pauses, collector, &told->pauses);
	err = err ?: metrics_get(told->metrics, &runs, program, &told->runs);
	err = err ?: metrics_get(told->metrics, &in_view, program, &told->in_view);
	if (!err) {
		metric_set(told->sessions, 7);
		metric_set(told->processes, 2);
		metric_set(told->in_view, 1);
	}
	return err;
}

static int send_by(char **argv, struct told *told)
{
	const struct monitor_push_config config = {
		.url = argv[1],
		.every = strtoull(argv[3], NULL, 10) * MS,
		.timeout = strtoull(argv[4], NULL, 10) * MS,
		.compress = !strcmp(argv[5], "gzip"),
		.headers = argv[6],
	};

	enum push_kind kind = strcmp(argv[0], "otlp") ? PUSH_REMOTE_WRITE : PUSH_OTLP;

	return push_open(kind, &config, told->metrics, argv[2], &told->push);
}

static void send_all(struct told *told)
{
	count(told);
	push_send(told->push, clock_ns(CLOCK_MONOTONIC));
}

static int block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void run(struct told *told, struct endpoint *endpoint, int signals)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = endpoint_fd(endpoint), .events = POLLIN },
					{ .fd = signals, .events = POLLIN } };
		int timeout = endpoint_timeout(endpoint);

		if (told->push && (timeout < 0 || timeout > 20))
			timeout = 20;
		poll(fds, 2, timeout);
		if (fds[1].revents)
			return;
		endpoint_run(endpoint);
		if (told->push && push_is_due(told->push, clock_ns(CLOCK_MONOTONIC)))
			send_all(told);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_storage storage = {};
	const struct hosts hosts = {};
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct endpoint_options options = { &storage, &hosts, argc == 3 ? argv[2] : "/nonexistent/key" };
	struct endpoint *endpoint;
	struct told told = {};
	int signals;

	if (argc != 2 && argc != 3 && argc != 8 && argc != 9)
		return 2;
	address.sin_port = htons(atoi(argv[1]));
	*(struct sockaddr_in *)&storage = address;
	signals = block_signals();
	if (signals < 0 || make(&told) || endpoint_open(&options, tell, &told, &endpoint) ||
	    (argc > 3 && send_by(argv + 2, &told)))
		return 1;
	/* The first one is sent before anybody can have asked. */
	if (told.push)
		send_all(&told);
	run(&told, endpoint, signals);
	/* The last one is sent before it ends. */
	if (told.push)
		send_all(&told);
	push_close(told.push);
	endpoint_close(endpoint);
	metrics_free(told.metrics);
	return 0;
}
