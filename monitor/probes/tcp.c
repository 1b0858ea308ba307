// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stddef.h>
#include <string.h>

#include "tcp.skel.h"
#include "tcp_record.h"
#include "monitor/daemon/gauges.h"
#include "monitor/daemon/probe.h"

PROBE_SKELETON(tcp)

#define LABELS { "target" }

static const struct metric_desc open_family = { "kview_tcp_sessions", "Sessions that are open.", METRIC_GAUGE, 1,
						LABELS };
static const struct metric_desc sent = { "kview_tcp_sent_bytes_total", "Bytes sent, each once.", METRIC_COUNTER, 1,
					 LABELS };
static const struct metric_desc received = { "kview_tcp_received_bytes_total", "Bytes received.", METRIC_COUNTER, 1,
					     LABELS };

static const struct metric_desc retransmits = { "kview_tcp_retransmits_total", "Segments sent again.", METRIC_COUNTER,
						1, LABELS };

static const struct metric_desc families[TCP_WHATS] = {
	[TCP_LIFE] = { "kview_tcp_session_seconds", "Life of sessions that began and ended while they were watched.",
		       METRIC_HISTOGRAM, 1e-9, LABELS },
	[TCP_CONNECT] = { "kview_tcp_connect_seconds", "Time from asking for a connection until it was there.",
			  METRIC_HISTOGRAM, 1e-9, LABELS },
	[TCP_ACCEPT] = { "kview_tcp_accept_seconds", "Time connections waited until they were accepted.",
			 METRIC_HISTOGRAM, 1e-9, LABELS },
	[TCP_RTT] = { "kview_tcp_rtt_seconds",
		      "Smoothed round-trip time of each session, whenever it was looked at and at its end.",
		      METRIC_HISTOGRAM, 1e-9, LABELS },
	[TCP_RESET_SENT] = { "kview_tcp_resets_sent_total", "Sessions this side has reset.", METRIC_COUNTER, 1,
			     LABELS },
	[TCP_RESET_RECEIVED] = { "kview_tcp_resets_received_total", "Sessions the other side has reset.",
				 METRIC_COUNTER, 1, LABELS },
	[TCP_FAILED] = { "kview_tcp_connect_failures_total", "Connections asked for and not had.", METRIC_COUNTER, 1,
			 LABELS },
};

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	const struct monitor_key *key = data;

	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	if (key->what == TCP_BYTES) {
		series->extras[0] = &sent;
		series->extras[1] = &received;
	} else if (key->what == TCP_RETRANSMITS) {
		series->extras[0] = &retransmits;
	} else {
		series->sample = &families[key->what % TCP_WHATS];
	}
	return series->labels[0];
}

/* None of these is attached: they run when they are called. */
static int attach(struct probe *probe, struct bpf_program *program)
{
	struct tcp *bpf = probe->skeleton;

	return program == bpf->progs.monitor_look || program == bpf->progs.monitor_find ||
			       program == bpf->progs.monitor_find_waiting || program == bpf->progs.monitor_tell ?
		       0 :
		       -ENOENT;
}

static int prepare(struct probe *probe)
{
	probe->state = calloc(1, sizeof(struct gauges));
	return probe->state ? 0 : -ENOMEM;
}

/* Sockets of those who were there before, and of those who join. */
static int find_sockets(struct probe *probe)
{
	struct tcp *bpf = probe->skeleton;
	int err;

	bpf->bss->listeners_only = true;
	err = probe_run_iterator(bpf->progs.monitor_find);
	bpf->bss->listeners_only = false;
	return err ?: probe_run_iterator(bpf->progs.monitor_find) ?: probe_run_iterator(bpf->progs.monitor_find_waiting);
}

/* Of a map whose values have a target's number at @offset, what was a target's and is none's any more. */
static void forget_in(const struct probe *probe, const struct bpf_map *map, size_t offset)
{
	size_t size = bpf_map__key_size(map), value_size = bpf_map__value_size(map);
	char key[sizeof(struct tcp_listener)], next[sizeof(key)], value[sizeof(struct tcp_listening)];
	int err = bpf_map__get_next_key(map, NULL, next, size);
	__u32 target;

	while (!err) {
		memcpy(key, next, size);
		err = bpf_map__get_next_key(map, key, next, size);
		if (bpf_map__lookup_elem(map, key, size, value, value_size, 0))
			continue;
		memcpy(&target, value + offset, sizeof(target));
		if (target != TCP_NOBODY && !monitor_scope_holds(probe->scope, target))
			bpf_map__delete_elem(map, key, size, 0);
	}
}

static void forget_listeners(const struct probe *probe)
{
	const struct tcp *bpf = probe->skeleton;

	forget_in(probe, bpf->maps.listening, offsetof(struct tcp_listening, target));
	forget_in(probe, bpf->maps.listeners, 0);
}

/* --- networks and interfaces -------------------------------------------------------------------------------------- */

/* What a selector is looked up by; NULL: it is of the other kind. */
static const void *key_of(const struct monitor_selector *selector, enum monitor_select by, struct tcp_network *network,
			  char name[TCP_NAME])
{
	if (selector->by != by)
		return NULL;
	if (by == MONITOR_BY_INTERFACE)
		return memcpy(name, selector->text, strnlen(selector->text, TCP_NAME - 1));
	network->bits = selector->network.bits;
	memcpy(network->address, selector->network.address, sizeof(network->address));
	return network;
}

struct link_filler {
	struct bpf_map *map;
	enum monitor_select by;
	const void *wanted; /* NULL: all are put in; otherwise look for this one */
	__u32 count;
};

static int fill_link(const struct monitor_selector *selector, uint32_t target, void *data)
{
	struct link_filler *filler = data;
	size_t size = bpf_map__key_size(filler->map);
	struct tcp_network network = {};
	char name[TCP_NAME] = "";
	const void *key = key_of(selector, filler->by, &network, name);

	if (!key)
		return 0;
	filler->count++;
	if (filler->wanted)
		return !memcmp(key, filler->wanted, size);
	return bpf_map__update_elem(filler->map, key, size, &target, sizeof(target), BPF_ANY);
}

/* Those that targets name; then no others. A network that two of them name is the last one's. */
static int set_links(struct probe *probe, struct bpf_map *map, enum monitor_select by, __u8 *ret_any)
{
	struct link_filler filler = { .map = map, .by = by };
	size_t size = bpf_map__key_size(map);
	char key[32], next[32];
	int err, end;

	err = monitor_scope_each_link(probe->scope, fill_link, &filler);
	*ret_any = filler.count > 0;
	filler.wanted = key;
	for (end = bpf_map__get_next_key(map, NULL, next, size); !err && !end;) {
		memcpy(key, next, size);
		end = bpf_map__get_next_key(map, key, next, size);
		if (!monitor_scope_each_link(probe->scope, fill_link, &filler))
			bpf_map__delete_elem(map, key, size, 0);
	}
	return err;
}

static int follow(struct probe *probe)
{
	struct tcp *bpf = probe->skeleton;
	int err;

	monitor_scope_tell_held(probe->scope, bpf->bss->alive);
	err = set_links(probe, bpf->maps.networks, MONITOR_BY_NETWORK, &bpf->bss->by_network);
	err = err ?: set_links(probe, bpf->maps.interfaces, MONITOR_BY_INTERFACE, &bpf->bss->by_interface);
	forget_listeners(probe);
	return err ?: find_sockets(probe);
}

static int collect(struct probe *probe, uint64_t now)
{
	struct tcp *bpf = probe->skeleton;
	int err = probe_run(bpf->progs.monitor_look);

	(void)now;
	return err ?: gauges_set(probe->state, probe->metrics, &open_family, probe->scope,
				 (const uint64_t *)bpf->bss->open_sessions);
}

static void deinit(struct probe *probe)
{
	if (probe->state)
		gauges_deinit(probe->state, probe->metrics);
	free(probe->state);
}

const struct probe_ops probe_tcp = {
	PROBE_OF_SKELETON,	.prepare = prepare, .attach = attach, .describe = describe,
	.collect = collect, .follow = follow,	.deinit = deinit,
};
