/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KVIEW_MONITOR_PRIVILEGES_H
#define KVIEW_MONITOR_PRIVILEGES_H

/*
 * Give up, for good, all capabilities but those that following targets, attaching probes and looking at others'
 * processes take; what the process does not have it does not get. Privileges cannot come back by exec either.
 */
int privileges_drop(void);

/* The same for a process that opens perf events for another, and nothing else. */
int privileges_keep_perf(void);

#endif /* KVIEW_MONITOR_PRIVILEGES_H */
