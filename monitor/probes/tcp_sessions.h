/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sessions of the probe tcp one by one, for people. */
#ifndef KVIEW_MONITOR_TCP_SESSIONS_H
#define KVIEW_MONITOR_TCP_SESSIONS_H

#include <stdint.h>
#include <stdio.h>

struct probe;

#define TCP_TOLD_MAX 1000 /* lines; of what is more, only how many there are */

/*
 * A line of JSON for each session that is open or about to be, by what the kernel knows of it at this moment @now
 * (CLOCK_MONOTONIC, ns), and a last one with their number. Those with most bytes come first, and are told when there are
 * too many. @probe runs.
 */
int tcp_write_sessions(const struct probe *probe, uint64_t now, FILE *out);

#endif /* KVIEW_MONITOR_TCP_SESSIONS_H */
