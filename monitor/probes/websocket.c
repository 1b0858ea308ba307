// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>

#include "btp_parse.h"
#include "websocket.skel.h"
#include "websocket_record.h"
#include "monitor/daemon/gauges.h"
#include "monitor/daemon/packets.h"
#include "monitor/daemon/probe.h"
#include "util/clock.h"

PROBE_SKELETON(websocket)

struct state {
	struct packets *packets;
	struct gauges open;
};

#define TARGET           \
	{                \
		"target" \
	}
#define TARGET_AND(label)       \
	{                       \
		"target", label \
	}
#define DIRECTED(label)                      \
	{                                    \
		"target", "direction", label \
	}

static const struct metric_desc open_family = { "kview_websocket_sessions", "WebSocket sessions that are open.",
						METRIC_GAUGE, 1, TARGET };

static const struct metric_desc samples[WS_WHATS] = {
	[WS_OPENED_HERE] = { "kview_websocket_opened_total", "WebSocket sessions that were opened.", METRIC_COUNTER, 1,
			     TARGET_AND("side") },
	[WS_FOUND] = { "kview_websocket_found_total", "WebSocket sessions that were found by their frames.",
		       METRIC_COUNTER, 1, TARGET },
	[WS_STRAYED] = { "kview_websocket_resyncs_total",
			 "How often frames had to be looked for anew, as something was missing.", METRIC_COUNTER, 1,
			 TARGET },
	[WS_LIVED] = { "kview_websocket_session_seconds",
		       "Life of WebSocket sessions that were opened and ended while they were watched.",
		       METRIC_HISTOGRAM, 1e-9, TARGET },
	[WS_CLOSED] = { "kview_websocket_closed_total", "WebSocket sessions that have ended, by the code of the close.",
			METRIC_COUNTER, 1, TARGET_AND("code") },
	[WS_FRAMES] = { "kview_websocket_frames_total", "WebSocket frames.", METRIC_COUNTER, 1, DIRECTED("opcode") },
	[WS_BTP] = { "kview_btp_packets_total", "Packets of Interledger's BTP.", METRIC_COUNTER, 1, DIRECTED("type") },
	[WS_ILP] = { "kview_ilp_packets_total", "Interledger packets.", METRIC_COUNTER, 1, DIRECTED("kind") },
	[WS_ILP_REJECTED] = { "kview_ilp_rejects_total", "Interledger packets that reject, by their code.",
			      METRIC_COUNTER, 1, DIRECTED("code") },
	[WS_ILP_ANSWERED] = { "kview_ilp_prepare_seconds",
			      "Time from an Interledger packet that prepares until its answer.", METRIC_HISTOGRAM, 1e-9,
			      DIRECTED("result") },
};

static const struct metric_desc frame_bytes = { "kview_websocket_frame_bytes_total",
						"Bytes of payload of WebSocket frames.", METRIC_COUNTER, 1,
						DIRECTED("opcode") };
static const struct metric_desc btp_bytes = { "kview_btp_bytes_total", "Bytes of packets of Interledger's BTP.",
					      METRIC_COUNTER, 1, DIRECTED("type") };

static const char *opcode_name(__u16 opcode)
{
	static const char *const names[] = { [WS_CONTINUATION] = "continuation", [WS_TEXT] = "text",
					     [WS_BINARY] = "binary",		 [WS_CLOSE] = "close",
					     [WS_PING] = "ping",		 [WS_PONG] = "pong" };

	return opcode < sizeof(names) / sizeof(names[0]) && names[opcode] ? names[opcode] : METRIC_OTHER;
}

static const char *close_name(__u16 code, char *text, size_t size)
{
	if (code == WS_NO_CODE)
		return "none";
	if (code == WS_NO_CLOSE)
		return "cut";
	if (code == WS_OTHER_CODE)
		return METRIC_OTHER;
	snprintf(text, size, code >= 3000 ? "%uxxx" : "%u", code >= 3000 ? code / 1000 : code);
	return text;
}

static const char *btp_name(__u16 type)
{
	static const char *const names[] = { [BTP_RESPONSE] = "response", [BTP_ERROR] = "error",
					     [BTP_MESSAGE] = "message", [BTP_TRANSFER] = "transfer" };

	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : METRIC_OTHER;
}

static const char *ilp_name(__u16 kind)
{
	static const char *const names[] = { [ILP_NONE] = "none", [ILP_PREPARE] = "prepare",
					     [ILP_FULFILL] = "fulfill", [ILP_REJECT] = "reject" };

	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : METRIC_OTHER;
}

static const char *reject_name(__u16 code, char *text, size_t size)
{
	if (!code)
		return METRIC_OTHER;
	snprintf(text, size, "%c%02u", code >> 8, code & 0xff);
	return text;
}

/* The last label. */
static const char *detail_name(const struct ws_key *key, char *text, size_t size)
{
	switch ((enum ws_what)key->what) {
	case WS_FRAMES:
		return opcode_name(key->detail);
	case WS_CLOSED:
		return close_name(key->detail, text, size);
	case WS_BTP:
		return btp_name(key->detail);
	case WS_ILP:
	case WS_ILP_ANSWERED:
		return ilp_name(key->detail);
	case WS_ILP_REJECTED:
		return reject_name(key->detail, text, size);
	case WS_OPENED_HERE:
		return key->detail ? "client" : "server";
	default:
		return NULL;
	}
}

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	const struct ws_key *key = data;
	enum ws_what what = key->what % WS_WHATS;
	bool directed = samples[what].labels[2] != NULL;

	series->sample = &samples[what];
	series->extras[0] = what == WS_FRAMES ? &frame_bytes : what == WS_BTP ? &btp_bytes : NULL;
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = key->direction ? "out" : "in";
	series->labels[directed ? 2 : 1] = detail_name(key, series->text[2], sizeof(series->text[2]));
	return series->labels[0];
}

static int prepare(struct probe *probe)
{
	struct websocket *bpf = probe->skeleton;
	struct state *state = calloc(1, sizeof(*state));

	probe->state = state;
	if (!state)
		return -ENOMEM;
	bpf->rodata->with_ilp = probe->config.options[MONITOR_WEBSOCKET_ILP];
	return packets_new("websocket", bpf->progs.monitor_ws_in, bpf->progs.monitor_ws_out, &state->packets);
}

/* Two are attached to cgroups, one runs when it is called. */
static int attach(struct probe *probe, struct bpf_program *program)
{
	struct websocket *bpf = probe->skeleton;

	return program == bpf->progs.monitor_ws_state ? -ENOENT : 0;
}

static int follow(struct probe *probe)
{
	struct state *state = probe->state;
	struct websocket *bpf = probe->skeleton;
	int err;

	monitor_scope_tell_held(probe->scope, bpf->bss->alive);
	err = packets_follow(state->packets, probe->scope);
	/* Sessions of cgroups that have come now may have begun unseen. */
	bpf->bss->started = clock_ns(CLOCK_MONOTONIC);
	return err;
}

static int collect(struct probe *probe, uint64_t time)
{
	struct state *state = probe->state;
	struct websocket *bpf = probe->skeleton;
	int err = probe_run(bpf->progs.monitor_ws_look);

	(void)time;
	return err ?: gauges_set(&state->open, probe->metrics, &open_family, probe->scope,
				 (const uint64_t *)bpf->bss->open_sessions);
}

static void deinit(struct probe *probe)
{
	struct state *state = probe->state;

	if (!state)
		return;
	packets_free(state->packets);
	gauges_deinit(&state->open, probe->metrics);
	free(state);
}

const struct probe_ops probe_websocket = {
	PROBE_OF_SKELETON,	.prepare = prepare, .attach = attach, .describe = describe,
	.collect = collect, .follow = follow,	.deinit = deinit,
};
