// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics of known values, told by the daemon's own endpoint until a signal ends it: for monitord_prometheus.sh.
 *
 *     monitord_metrics PORT
 *
 * Each time somebody asks, what has been counted grows: five requests of 3 ms and one of 40 ms, and 1,000 bytes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "monitor/daemon/endpoint.h"
#include "monitor/daemon/metrics.h"

static const struct metric_desc requests = { "kview_http_request_seconds", "Requests.", METRIC_HISTOGRAM, 1e-9,
					     { "target", "path" } };
static const struct metric_desc bytes = { "kview_tcp_sent_bytes_total", "Bytes.", METRIC_COUNTER, 1, { "target" } };
static const struct metric_desc sessions = { "kview_tcp_sessions", "Sessions.", METRIC_GAUGE, 1, { "target" } };
static const struct metric_desc busy = { "kview_monitor_cpu_seconds_total", "Time.", METRIC_COUNTER, 1e-9, {} };

struct told {
	struct metrics *metrics;
	struct metric *requests, *bytes, *sessions, *busy;
};

static void add_requests(struct metric *metric, uint64_t count, uint64_t each)
{
	struct monitor_sample sample = { .count = count, .sum = count * each };

	sample.slots[monitor_slot(each)] = count;
	metric_add_sample(metric, &sample);
}

static int tell(enum endpoint_page page, FILE *out, void *data)
{
	struct told *told = data;

	(void)page;
	add_requests(told->requests, 5, 3000000);
	add_requests(told->requests, 1, 40000000);
	metric_add(told->bytes, 1000);
	metric_add(told->busy, 250000000);
	return metrics_write_prometheus(told->metrics, out);
}

static int make(struct told *told)
{
	/* What a path can hold, and has to be escaped. */
	const char *const labels[] = { "web", "/a\"b\\c\nd" };
	int err;

	err = metrics_new(100, &told->metrics);
	err = err ?: metrics_get(told->metrics, &requests, labels, &told->requests);
	err = err ?: metrics_get(told->metrics, &bytes, labels, &told->bytes);
	err = err ?: metrics_get(told->metrics, &sessions, labels, &told->sessions);
	err = err ?: metrics_get(told->metrics, &busy, NULL, &told->busy);
	if (!err)
		metric_set(told->sessions, 7);
	return err;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage storage = {};
	struct endpoint *endpoint;
	struct told told = {};

	if (argc != 2)
		return 2;
	address.sin_port = htons(atoi(argv[1]));
	*(struct sockaddr_in *)&storage = address;
	if (make(&told) || endpoint_open(&storage, tell, &told, &endpoint))
		return 1;
	for (;;) {
		struct pollfd fd = { .fd = endpoint_fd(endpoint), .events = POLLIN };

		poll(&fd, 1, endpoint_timeout(endpoint));
		endpoint_run(endpoint);
	}
}
