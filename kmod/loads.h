/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernel text loads a tracepoint's list of probes: mov __tracepoint_X.funcs(%rip),%reg, of which every place that
 * calls a tracepoint has one. No table lists them, so kernel text is searched once, when the first is asked for.
 */
#ifndef KVIEW_LOADS_H
#define KVIEW_LOADS_H

#include <linux/types.h>

struct tracepoint;

#define KVIEW_TRACE_SIZE 7 /* the instruction's length */

/* All loads of @tp but its iterator's. *@ret_loads is the caller's to kvfree(). -ENOMEM */
int kview_loads_of(const struct tracepoint *tp, unsigned long **ret_loads, u32 *ret_count);

void kview_loads_exit(void);

#endif
