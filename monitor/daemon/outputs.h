/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the results go: the part "outputs" of the configuration. */
#ifndef KVIEW_MONITOR_OUTPUTS_H
#define KVIEW_MONITOR_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "hosts.h"
#include "monitor/push/protocol.h"

struct document;
struct yaml_node_s;

/* To whom metrics are sent, unasked. */
struct monitor_push_config {
	char *url; /* NULL: to nobody */
	char *headers; /* "Name: value" and a line's end, for each; NULL: none */
	uint64_t every, timeout; /* ns; of one request */
	bool compress;
};

struct monitor_outputs {
	struct sockaddr_storage listen; /* ss_family 0: no Prometheus endpoint */
	char *listen_text;
	struct hosts hosts; /* further names it is asked by */
	char *json; /* file of JSON lines; NULL: none */
	uint64_t json_every; /* ns */
	struct monitor_push_config pushes[PUSH_KINDS];
};

void monitor_outputs_default(struct monitor_outputs *outputs);
bool monitor_outputs_any(const struct monitor_outputs *outputs);
void monitor_outputs_deinit(struct monitor_outputs *outputs);

/* -EINVAL: told to @doc; -ENOMEM */
int monitor_outputs_take(struct document *doc, struct yaml_node_s *node, struct monitor_outputs *outputs);

#endif /* KVIEW_MONITOR_OUTPUTS_H */
