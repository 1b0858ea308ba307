// SPDX-License-Identifier: GPL-2.0-or-later
#include "catalog.h"

const struct monitor_probe_info monitor_probes[MONITOR_PROBES] = {
	[MONITOR_CPU] = { "cpu", true, {} },
	[MONITOR_MEMORY] = { "memory", true, {} },
	[MONITOR_FILE] = { "file", false, {} },
	[MONITOR_BLOCK] = { "block", true, {} },
	[MONITOR_TCP] = { "tcp", true, {} },
	[MONITOR_HTTP] = { "http", true, { [MONITOR_HTTP_PATHS] = { "paths", 0, 1000, 100 } } },
	[MONITOR_SYSCALLS] = { "syscalls", false, {} },
	[MONITOR_DNS] = { "dns", false, { [MONITOR_DNS_PORT] = { "port", 1, 65535, 53 } } },
	[MONITOR_GC] = { "gc", false, {} },
	[MONITOR_SHIELD] = { "shield", true, {} },
};
