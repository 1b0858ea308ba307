// SPDX-License-Identifier: GPL-2.0-or-later
#include "catalog.h"

const struct monitor_probe_info monitor_probes[MONITOR_PROBES] = {
	[MONITOR_CPU] = { "cpu", true, false, {} },
	[MONITOR_MEMORY] = { "memory", true, false, {} },
	[MONITOR_FILE] = { "file", false, false, {} },
	[MONITOR_BLOCK] = { "block", true, false, {} },
	[MONITOR_TCP] = { "tcp", true, false, {} },
	[MONITOR_HTTP] = { "http", true, true, { [MONITOR_HTTP_PATHS] = { "paths", 0, 1000, 100, false } } },
	[MONITOR_WEBSOCKET] = { "websocket", false, true, { [MONITOR_WEBSOCKET_ILP] = { "ilp", 0, 1, 1, true } } },
	[MONITOR_SYSCALLS] = { "syscalls", false, false, {} },
	[MONITOR_DNS] = { "dns", false, false, { [MONITOR_DNS_PORT] = { "port", 1, 65535, 53, false } } },
	[MONITOR_GC] = { "gc", false, false, {} },
	[MONITOR_SHIELD] = { "shield", true, false, {} },
};
