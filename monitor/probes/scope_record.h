/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_SCOPE_RECORD_H
#define KVIEW_MONITOR_SCOPE_RECORD_H

#define SCOPE_TASKS 32768  /* processes that belong to targets by name, number or port */
#define SCOPE_CGROUPS 4096 /* cgroups of targets, with all below them */
#define SCOPE_THREADS 16384 /* between a begin and an end, or two switches; the least recent ones are forgotten */

enum scope_news_kind {
	SCOPE_EXEC,   /* a process has another name now */
	SCOPE_CGROUP, /* there is a new cgroup */
	SCOPE_LISTEN, /* a process listens on a port */
};

struct scope_news {
	__u32 kind;
	__u32 tgid;
	__u32 port; /* it listens on */
};

#endif /* KVIEW_MONITOR_SCOPE_RECORD_H */
