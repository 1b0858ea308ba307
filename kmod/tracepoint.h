/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracepoint of the kernel: where it stands in kernel text, and what it hands to its probes.
 *
 * It is compiled into every function that calls it: a jump label, a nop of 2 or 5 bytes that becomes a jump while
 * somebody listens, and out of line the block it jumps to (setup.h). To hook it for a view, every jump label of its key
 * becomes a jump, those of trace_X_enabled() among them, and every load of its list of probes becomes a jump to a
 * stub. Each patch is one instruction, and every mix of patched and unpatched ones a CPU may meet while a view comes or
 * goes is safe: a block entered without listeners skips the call, and one not entered is not there. The stub ends in
 * the kernel's own iterator, so other users of the tracepoint see members as before.
 *
 * All places or none: the loads are found by a search through all of kernel text, and every call the kernel knows of
 * (its static calls) must be behind one of them.
 *
 * What has been found is kept until the module goes: kernel text does not change its shape.
 */
#ifndef KVIEW_TRACEPOINT_H
#define KVIEW_TRACEPOINT_H

#include <linux/list.h>
#include <linux/tracepoint-defs.h>

#include "place.h"

#define KVIEW_TRACE_ARGS_MAX 12 /* the kernel's own limit for BPF programs */

/* One argument, as the function that is called gets it. */
struct kview_trace_arg {
	u8 size; /* 1, 2, 4 or 8 bytes */
	bool is_signed;
};

struct kview_tracepoint {
	struct list_head node;
	struct tracepoint *tp;
	u32 count;
	struct kview_place *places; /* [@count] */
	u32 args;
	struct kview_trace_arg arg[KVIEW_TRACE_ARGS_MAX];
};

/*
 * Find a tracepoint by name. Sleeps; takes text_mutex. -ENOENT, -EOPNOTSUPP, -EBUSY, -ENOMEM with a KVIEW_WHY_* in
 * *@why. Owned by the module.
 */
int kview_tracepoint_find(const char *name, u32 *why, const struct kview_tracepoint **ret_tracepoint);

/* Same, for one at hand. */
int kview_tracepoint_get(struct tracepoint *tp, u32 *why, const struct kview_tracepoint **ret_tracepoint);

/*
 * Do modules call it that were loaded since it was found? Members share their text, so these calls are not seen. Needs no
 * lock.
 */
bool kview_tracepoint_in_modules(const struct kview_tracepoint *point);

void kview_tracepoint_exit(void);

#endif
