/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kview-monitord and kview-push tell each other over a SOCK_SEQPACKET pair, which kview-push has as its standard
 * input.
 *
 * First the daemon sends where to: the URL, and each header to add, ended by line feeds. Each message after that is a
 * struct push_request with a descriptor of a file that holds the request's body, as the protocol has it before it is
 * compressed. kview-push answers with a struct push_state whenever something in it has changed. When the daemon closes
 * its end, kview-push sends what it still holds, for no longer than a request may take, and ends.
 */
#ifndef KVIEW_MONITOR_PUSH_PROTOCOL_H
#define KVIEW_MONITOR_PUSH_PROTOCOL_H

#include <stdint.h>

#define PUSH_PROGRAM "kview-push"
#define PUSH_ADDRESS_MAX 65536 /* bytes of the first message */

enum push_kind {
	PUSH_OTLP, /* over HTTP, as protobuf */
	PUSH_REMOTE_WRITE, /* Prometheus' protocol, version 0.1.0 */
	PUSH_KINDS,
};

struct push_request {
	uint64_t points; /* how many values the body has */
};

/* Since kview-push began. What was handed to it is sent, dropped or queued. */
struct push_state {
	uint64_t sent, dropped, queued; /* points */
	uint64_t bytes; /* of the bodies that were sent, compressed */
	uint64_t retries; /* of requests */
	uint64_t cpu_ns, resident;
};

#endif /* KVIEW_MONITOR_PUSH_PROTOCOL_H */
