/* SPDX-License-Identifier: GPL-2.0-only */
/* The targets' TCP sockets, which tcp.bpf.c keeps and http.bpf.c looks up. */
#ifndef KVIEW_MONITOR_SESSIONS_BPF_H
#define KVIEW_MONITOR_SESSIONS_BPF_H

#include "monitor/probes/scope.bpf.h"
#include "monitor/probes/tcp_record.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TCP_SESSIONS);
	__uint(map_flags, 1); /* BPF_F_NO_PREALLOC: most machines have few */
	__type(key, __u64);
	__type(value, struct tcp_session);
} sessions SEC(".maps");

#endif /* KVIEW_MONITOR_SESSIONS_BPF_H */
