/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KVIEW_MONITOR_TRIM_H
#define KVIEW_MONITOR_TRIM_H

/*
 * Give back the memory that only the beginning has needed: free heap, and pages of code, which come back when they run
 * again. The libraries of the endpoint's library alone are 2 MB of code that runs once, before main().
 */
void trim(void);

#endif /* KVIEW_MONITOR_TRIM_H */
