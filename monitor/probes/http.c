// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>

#include "http.skel.h"
#include "http_record.h"
#include "monitor/daemon/note.h"
#include "monitor/daemon/probe.h"

PROBE_SKELETON(http)

/* A cgroup whose packets come by. */
struct place {
	uint64_t id;
	struct bpf_link *in, *out;
	bool wanted;
};

struct state {
	struct place *places;
	size_t count;
};

#define LABELS { "target", "method", "path", "status" }

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
	static const char *const methods[HTTP_METHODS] = { "",	  "GET",    "HEAD",  "POST",
							   "PUT", "DELETE", "PATCH", "OPTIONS" };
	const struct http_key *key = data;

	series->sample = key->client ? &client_answered : &answered;
	series->extras[0] = key->client ? &client_out : &in;
	series->extras[1] = key->client ? &client_in : &out;
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = methods[key->method % HTTP_METHODS];
	snprintf(series->text[2], sizeof(series->text[2]), "%.*s", HTTP_PATH, key->path);
	series->labels[2] = *series->text[2] ? series->text[2] : METRIC_OTHER;
	snprintf(series->text[3], sizeof(series->text[3]), "%u", key->status);
	series->labels[3] = series->text[3];
	return series->labels[0];
}

static int prepare(struct probe *probe)
{
	struct http *bpf = probe->skeleton;
	uint32_t paths = probe->config.options[MONITOR_HTTP_PATHS];

	probe->state = calloc(1, sizeof(struct state));
	if (!probe->state)
		return -ENOMEM;
	bpf->rodata->paths_max = paths;
	return bpf_map__set_max_entries(bpf->maps.paths, paths ?: 1);
}

/* Both are attached to cgroups, below. */
static int attach(struct probe *probe, struct bpf_program *program)
{
	(void)probe;
	(void)program;
	return 0;
}

static int open_place(struct probe *probe, struct place *place, const char *path)
{
	struct http *bpf = probe->skeleton;
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	place->in = bpf_program__attach_cgroup(bpf->progs.monitor_http_in, fd);
	if (!place->in)
		return -errno;
	place->out = bpf_program__attach_cgroup(bpf->progs.monitor_http_out, fd);
	if (place->out)
		return 0;
	bpf_link__destroy(place->in);
	return -errno;
}

static void close_place(struct place *place)
{
	bpf_link__destroy(place->in);
	bpf_link__destroy(place->out);
}

static int want_place(const char *path, uint64_t id, void *data)
{
	struct probe *probe = data;
	struct state *state = probe->state;
	struct place *places, place = { .id = id, .wanted = true };
	int err;

	for (size_t i = 0; i < state->count; i++)
		if (state->places[i].id == id) {
			state->places[i].wanted = true;
			return 0;
		}
	places = reallocarray(state->places, state->count + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	state->places = places;
	err = open_place(probe, &place, path);
	/* It may be gone by now. */
	if (err && err != -ENOENT)
		monitor_note("http: %s: %s", path, strerror(-err));
	if (!err)
		places[state->count++] = place;
	return 0;
}

/* A cgroup below one that has the programs runs them twice; the second time they see nothing new. */
static int follow(struct probe *probe)
{
	struct state *state = probe->state;
	int err;

	for (size_t i = 0; i < state->count; i++)
		state->places[i].wanted = false;
	err = monitor_scope_each_cgroup(probe->scope, want_place, probe);
	for (size_t i = 0; i < state->count;) {
		if (state->places[i].wanted) {
			i++;
			continue;
		}
		close_place(&state->places[i]);
		state->places[i] = state->places[--state->count];
	}
	return err;
}

static void deinit(struct probe *probe)
{
	struct state *state = probe->state;

	for (size_t i = 0; state && i < state->count; i++)
		close_place(&state->places[i]);
	if (state)
		free(state->places);
	free(state);
}

const struct probe_ops probe_http = {
	PROBE_OF_SKELETON,    .prepare = prepare, .attach = attach,
	.describe = describe, .follow = follow,	  .deinit = deinit,
};
