// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.skel.h"
#include "http_record.h"
#include "monitor/daemon/packets.h"
#include "monitor/daemon/probe.h"
#include "tcp_record.h"

PROBE_SKELETON(http)

#define LABELS                                       \
	{                                            \
		"target", "method", "path", "status" \
	}

static const struct metric_desc answered = { "kview_http_request_seconds",
					     "Time from a request that came in to the beginning of its answer.",
					     METRIC_HISTOGRAM, 1e-9, LABELS };
static const struct metric_desc in = { "kview_http_request_bytes_total", "Bytes of requests that came in.",
				       METRIC_COUNTER, 1, LABELS };
static const struct metric_desc out = { "kview_http_response_bytes_total", "Bytes of answers that went out.",
					METRIC_COUNTER, 1, LABELS };
static const struct metric_desc client_answered = { "kview_http_client_request_seconds",
						    "Time from a request that went out to the beginning of its answer.",
						    METRIC_HISTOGRAM, 1e-9, LABELS };
static const struct metric_desc client_out = { "kview_http_client_request_bytes_total",
					       "Bytes of requests that went out.", METRIC_COUNTER, 1, LABELS };
static const struct metric_desc client_in = { "kview_http_client_response_bytes_total",
					      "Bytes of answers that came in.", METRIC_COUNTER, 1, LABELS };

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	static const char *const methods[HTTP_METHODS] = { METRIC_OTHER, "GET",    "HEAD",  "POST",
							   "PUT",	 "DELETE", "PATCH", "OPTIONS" };
	const struct http_key *key = data;

	series->sample = key->client ? &client_answered : &answered;
	series->extras[0] = key->client ? &client_out : &in;
	series->extras[1] = key->client ? &client_in : &out;
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = methods[key->method % HTTP_METHODS];
	snprintf(series->text[2], sizeof(series->text[2]), "%.*s", HTTP_PATH, key->path);
	series->labels[2] = *series->text[2] ? series->text[2] : METRIC_OTHER;
	snprintf(series->text[3], sizeof(series->text[3]), "%u", key->status);
	series->labels[3] = key->status == HTTP_UNANSWERED ? "none" : series->text[3];
	return series->labels[0];
}

static int prepare(struct probe *probe)
{
	struct http *bpf = probe->skeleton;
	uint32_t paths = probe->config.options[MONITOR_HTTP_PATHS];
	struct packets *packets;
	int err;

	err = packets_new("http", bpf->progs.monitor_http_in, bpf->progs.monitor_http_out, &packets);
	if (err)
		return err;
	probe->state = packets;
	bpf->rodata->paths_max = paths;
	return bpf_map__set_max_entries(bpf->maps.paths, paths ?: 1);
}

/* The other two are attached to cgroups. */
static int attach(struct probe *probe, struct bpf_program *program)
{
	struct http *bpf = probe->skeleton;

	return program == bpf->progs.monitor_http_state ? -ENOENT : 0;
}

static int follow(struct probe *probe)
{
	return packets_follow(probe->state, probe->scope);
}

/* --- places for paths --------------------------------------------------------------------------------------------- */

struct place {
	char path[HTTP_PATH];
	bool used;
};

static int compare_places(const void *one, const void *other)
{
	return memcmp(one, other, HTTP_PATH);
}

static size_t read_places(const struct bpf_map *map, struct place *places, size_t max)
{
	const char *last = NULL;
	size_t count;

	for (count = 0; count < max; count++) {
		if (bpf_map__get_next_key(map, last, places[count].path, HTTP_PATH))
			break;
		last = places[count].path;
	}
	return count;
}

static void mark_used(const struct bpf_map *samples, struct place *places, size_t count)
{
	struct http_key key, *last = NULL;
	struct place *found;

	for (; !bpf_map__get_next_key(samples, last, &key, sizeof(key)); last = &key) {
		found = bsearch(key.path, places, count, sizeof(*places), compare_places);
		if (found)
			found->used = true;
	}
}

/*
 * As long as there is a place nobody misses one. Then those are free whose paths have no series any more; a request
 * that has not been answered has none yet, and its path may be one more than there should be.
 */
static int give_back_places(struct http *bpf, size_t max)
{
	_cleanup_(freep) struct place *places = calloc(max + 1, sizeof(*places));
	size_t count;

	if (!places)
		return -ENOMEM;
	count = read_places(bpf->maps.paths, places, max);
	if (count < max)
		return 0;
	qsort(places, count, sizeof(*places), compare_places);
	mark_used(bpf->maps.samples, places, count);
	for (size_t i = 0; i < count; i++)
		if (!places[i].used)
			bpf_map__delete_elem(bpf->maps.paths, places[i].path, HTTP_PATH, 0);
	return 0;
}

/* --- pipelines ---------------------------------------------------------------------------------------------------- */

static bool has_session(const struct http *bpf, uint64_t cookie)
{
	struct tcp_session session;

	return !bpf_map__lookup_elem(bpf->maps.sessions, &cookie, sizeof(cookie), &session, sizeof(session), 0);
}

/* A session that ends takes its own along, but not one that has become nobody's. */
static void drop_pipelines(const struct http *bpf)
{
	uint64_t cookie, next;
	int err = bpf_map__get_next_key(bpf->maps.pipelines, NULL, &cookie, sizeof(cookie));

	while (!err) {
		err = bpf_map__get_next_key(bpf->maps.pipelines, &cookie, &next, sizeof(next));
		if (!has_session(bpf, cookie))
			bpf_map__delete_elem(bpf->maps.pipelines, &cookie, sizeof(cookie), 0);
		cookie = next;
	}
}

static int collect(struct probe *probe, uint64_t now)
{
	struct http *bpf = probe->skeleton;

	(void)now;
	drop_pipelines(bpf);
	return give_back_places(bpf, probe->config.options[MONITOR_HTTP_PATHS]);
}

static void deinit(struct probe *probe)
{
	packets_free(probe->state);
}

const struct probe_ops probe_http = {
	PROBE_OF_SKELETON,  .prepare = prepare, .attach = attach, .describe = describe,
	.collect = collect, .follow = follow,	.deinit = deinit,
};
