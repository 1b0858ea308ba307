/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record: what a program of type tracepoint/CATEGORY/NAME gets to see of an event.
 *
 * The kernel has a function for each class of events that writes the record and runs the programs of the event it is
 * called for (perf_trace_CLASS). A hook has a private copy of the event, with its program alone and no listener, so its
 * program gets the very record, and nobody else notices.
 *
 * The function writes to perf's per-CPU buffers, which exist only while some event of perf on a tracepoint does: a
 * record without them would lie at the beginning of the per-CPU area, over what stands there. So one event is held
 * open while there are hooks of this kind, disabled, on a tracepoint that no code calls.
 *
 * The function ends in perf_trace_run_bpf_submit(), which is made for any number of programs and listeners and takes three
 * times as long as one program needs. So a view with such hooks patches its entry, too: private events go a shorter way
 * there (stub_code.c, kview_run_submitted()), all others on into it. Whether it is patched makes no difference otherwise.
 */
#ifndef KVIEW_RECORD_H
#define KVIEW_RECORD_H

#include <linux/trace_events.h>

struct kview_hook;

struct kview_record {
	struct trace_event_call call;
	struct kview_hook *hook; /* whose it is */
};

static inline struct kview_record *kview_record_of(struct trace_event_call *call)
{
	return container_of(call, struct kview_record, call);
}

/* The event "category/name" of the kernel, or NULL. *@ret_module: it is a module's. Takes event_mutex. */
struct trace_event_call *kview_record_find(const char *name, bool *ret_module);

/* Bytes of the record a program may read. */
u32 kview_record_size(struct trace_event_call *call);

/* The list of listeners that all private events have, and no other event. Only while there is a record. */
const struct hlist_head __percpu *kview_record_nobody(void);

/* For @hook, whose program, cookie and event are known. -ENOMEM, or what perf fails with. Sleeps; no lock may be held. */
int kview_record_new(struct kview_hook *hook, struct kview_record **ret_record);

/* Any lock may be held. NULL is allowed. */
void kview_record_free(struct kview_record *record);

/* No record may be left. */
void kview_record_exit(void);

#endif
