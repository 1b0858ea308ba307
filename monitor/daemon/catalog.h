/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probes there are, by name, and what can be said about each in a configuration. */
#ifndef KVIEW_MONITOR_CATALOG_H
#define KVIEW_MONITOR_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

enum monitor_probe {
	MONITOR_CPU,
	MONITOR_MEMORY,
	MONITOR_FILE,
	MONITOR_BLOCK,
	MONITOR_TCP,
	MONITOR_HTTP,
	MONITOR_WEBSOCKET,
	MONITOR_SYSCALLS,
	MONITOR_DNS,
	MONITOR_GC,
	MONITOR_SHIELD,
	MONITOR_PROBES,
};

#define MONITOR_OPTIONS 2 /* of one probe */

/* A number, between bounds. */
struct monitor_option {
	const char *name; /* NULL: no option */
	uint64_t least, most, value;
	bool is_switch; /* it is on or off */
};

struct monitor_probe_info {
	const char *name;
	bool on; /* where the configuration names no probes */
	bool needs_tcp; /* and the sessions it has found */
	struct monitor_option options[MONITOR_OPTIONS];
};

enum {
	MONITOR_HTTP_PATHS, /* different paths, of all targets together, that get series of their own */
};

enum {
	MONITOR_WEBSOCKET_ILP, /* look for Interledger's packets */
};

enum {
	MONITOR_DNS_PORT,
};

extern const struct monitor_probe_info monitor_probes[MONITOR_PROBES];

#endif /* KVIEW_MONITOR_CATALOG_H */
