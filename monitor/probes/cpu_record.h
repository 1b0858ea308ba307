/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVIEW_MONITOR_CPU_RECORD_H
#define KVIEW_MONITOR_CPU_RECORD_H

#define CPU_TARGETS 65 /* numbers of targets start at 1 */

/* Keys: struct monitor_key. */
enum cpu_what {
	CPU_RAN,    /* on a CPU, until it left it */
	CPU_QUEUED, /* runnable, without a CPU */
	CPU_SLEPT,  /* not runnable */
	CPU_WHATS,
};

#endif /* KVIEW_MONITOR_CPU_RECORD_H */
