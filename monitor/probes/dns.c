// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns.skel.h"
#include "dns_parse.h"
#include "dns_record.h"
#include "monitor/daemon/packets.h"
#include "monitor/daemon/probe.h"

PROBE_SKELETON(dns)

#define ASKED                    \
	{                        \
		"target", "type" \
	}
#define ANSWERED                         \
	{                                \
		"target", "type", "code" \
	}

static const struct metric_desc samples[DNS_WHATS] = {
	[DNS_ASKED_IN] = { "kview_dns_queries_total", "DNS queries that came in.", METRIC_COUNTER, 1, ASKED },
	[DNS_ANSWERED_OUT] = { "kview_dns_query_seconds", "Time from a DNS query that came in until its answer.",
			       METRIC_HISTOGRAM, 1e-9, ANSWERED },
	[DNS_ASKED_OUT] = { "kview_dns_client_queries_total", "DNS queries that went out.", METRIC_COUNTER, 1, ASKED },
	[DNS_ANSWERED_IN] = { "kview_dns_client_query_seconds",
			      "Time from a DNS query that went out, the last time it was sent, until its answer.",
			      METRIC_HISTOGRAM, 1e-9, ANSWERED },
	[DNS_MALFORMED_SEEN] = { "kview_dns_malformed_total",
				 "Packets of the DNS port that are no DNS messages.",
				 METRIC_COUNTER,
				 1,
				 { "target" } },
};

static const struct metric_desc bytes[DNS_WHATS] = {
	[DNS_ASKED_IN] = { "kview_dns_query_bytes_total", "Bytes of DNS queries that came in.", METRIC_COUNTER, 1,
			   ASKED },
	[DNS_ANSWERED_OUT] = { "kview_dns_response_bytes_total", "Bytes of answers to them.", METRIC_COUNTER, 1,
			       ANSWERED },
	[DNS_ASKED_OUT] = { "kview_dns_client_query_bytes_total", "Bytes of DNS queries that went out.", METRIC_COUNTER,
			    1, ASKED },
	[DNS_ANSWERED_IN] = { "kview_dns_client_response_bytes_total", "Bytes of answers to them.", METRIC_COUNTER, 1,
			      ANSWERED },
	[DNS_MALFORMED_SEEN] = { "kview_dns_malformed_bytes_total",
				 "Bytes of packets of the DNS port that are no DNS messages.",
				 METRIC_COUNTER,
				 1,
				 { "target" } },
};

static const char *type_name(uint16_t type)
{
#define TYPE_CASE(number, name) \
	case number:            \
		return name;
	switch (type) {
		DNS_TYPES(TYPE_CASE)
	default:
		return METRIC_OTHER;
	}
#undef TYPE_CASE
}

/* RFC 1035 and 2136; the others of the sixteen by their numbers. */
static const char *code_name(uint8_t code, char *text, size_t size)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED" };

	if (code < sizeof(names) / sizeof(names[0]))
		return names[code];
	snprintf(text, size, "%u", code);
	return text;
}

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	const struct dns_key *key = data;

	series->sample = &samples[key->what % DNS_WHATS];
	series->extras[0] = &bytes[key->what % DNS_WHATS];
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = type_name(key->type);
	series->labels[2] = code_name(key->code, series->text[2], sizeof(series->text[2]));
	return series->labels[0];
}

static int prepare(struct probe *probe)
{
	struct dns *bpf = probe->skeleton;
	struct packets *packets;
	int err;

	err = packets_new("dns", bpf->progs.monitor_dns_in, bpf->progs.monitor_dns_out, &packets);
	if (err)
		return err;
	probe->state = packets;
	bpf->rodata->port = probe->config.options[MONITOR_DNS_PORT];
	return 0;
}

/* Two are attached to cgroups, one runs when it is called. */
static int attach(struct probe *probe, struct bpf_program *program)
{
	struct dns *bpf = probe->skeleton;

	return program == bpf->progs.monitor_dns_socket ? -ENOENT : 0;
}

static int follow(struct probe *probe)
{
	struct dns *bpf = probe->skeleton;

	/* Sockets remember the number of a target: the next one that has it is not their owner. */
	for (uint32_t i = 1; i < DNS_TARGETS; i++)
		bpf->bss->lives[i] += !monitor_scope_holds(probe->scope, i);
	return probe_run_iterator(bpf->progs.monitor_dns_find) ?: packets_follow(probe->state, probe->scope);
}

static void deinit(struct probe *probe)
{
	packets_free(probe->state);
}

const struct probe_ops probe_dns = {
	PROBE_OF_SKELETON,    .prepare = prepare, .attach = attach,
	.describe = describe, .follow = follow,	  .deinit = deinit,
};
