// SPDX-License-Identifier: GPL-2.0-or-later
#include "tcp_sessions.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "tcp_most.h"
#include "monitor/daemon/probe.h"

#define TCP_ADDRESS (INET6_ADDRSTRLEN + 10)

static const char *address_text(const struct tcp_told *told, enum tcp_end end, char text[TCP_ADDRESS])
{
	static const uint8_t ip4[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *address = told->address[end];
	char host[INET6_ADDRSTRLEN];

	if (!memcmp(address, ip4, sizeof(ip4))) {
		inet_ntop(AF_INET, address + sizeof(ip4), host, sizeof(host));
		snprintf(text, TCP_ADDRESS, "%s:%u", host, told->port[end]);
	} else {
		inet_ntop(AF_INET6, address, host, sizeof(host));
		snprintf(text, TCP_ADDRESS, "[%s]:%u", host, told->port[end]);
	}
	return text;
}

static int tell(const struct tcp_told *told, const char *target, uint64_t now, FILE *out)
{
	char here[TCP_ADDRESS], there[TCP_ADDRESS];
	json_t *json;
	int err;

	json = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:f, s:I, s:I, s:I, s:f}", "target", target, "side",
			 told->server ? "server" : "client", "local", address_text(told, TCP_HERE, here), "peer",
			 address_text(told, TCP_THERE, there), "connecting", !told->established, "found", told->old,
			 "seconds", told->began < now ? (now - told->began) / 1e9 : 0.0, "sent", (json_int_t)told->sent,
			 "received", (json_int_t)told->received, "retransmits", (json_int_t)told->retransmits,
			 "rtt_seconds", told->rtt_us / 1e6);
	err = json && !json_dumpf(json, out, JSON_COMPACT) && fputc('\n', out) != EOF ? 0 : -ENOMEM;
	json_decref(json);
	return err;
}

struct reader {
	const struct probe *probe;
	struct tcp_most most;
};

static int take(const void *record, void *data)
{
	const struct tcp_told *told = record;
	struct reader *reader = data;

	if (monitor_scope_name(reader->probe->scope, told->target))
		tcp_most_add(&reader->most, told);
	return 0;
}

int tcp_write_sessions(const struct probe *probe, uint64_t now, FILE *out)
{
	struct bpf_object *object = probe_object(probe);
	struct reader reader = { .probe = probe };
	const struct tcp_told *told;
	int err;

	err = tcp_most_init(&reader.most, TCP_TOLD_MAX);
	if (err)
		return err;
	err = probe_read_iterator(bpf_object__find_program_by_name(object, "monitor_tell"),
				  bpf_object__find_map_by_name(object, "sessions"), sizeof(*told), take, &reader);
	tcp_most_sort(&reader.most);
	for (size_t i = 0; !err && i < reader.most.count; i++) {
		told = &reader.most.list[i];
		err = tell(told, monitor_scope_name(probe->scope, told->target), now, out);
	}
	if (!err && fprintf(out, "{\"sessions\":%" PRIu64 "}\n", reader.most.seen) < 0)
		err = -ENOMEM;
	tcp_most_deinit(&reader.most);
	return err;
}
