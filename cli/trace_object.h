/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs of `kview trace` (trace.bpf.c): loaded, attached, and what comes out of them. */
#ifndef KVIEW_CLI_TRACE_OBJECT_H
#define KVIEW_CLI_TRACE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <kview/kview.h>

#include "loop.h"
#include "trace_event.h"
#include "trace_hooks.h"

struct trace_object;

struct trace_object_options {
	bool counting;	 /* count instead of sending events */
	uint32_t buffer; /* bytes for events: a power of two of pages */
	int (*take)(const struct trace_event *event, size_t size, void *data); /* a negative errno ends the loop */
	void (*pause)(void *data); /* no more events for the moment */
	void *data;
};

/* Load the programs @hooks need, as @view wants them. Prints what is wrong and returns an exit code. */
int trace_object_open(struct kview *view, const struct trace_hooks *hooks, const struct trace_object_options *options,
		      struct trace_object **ret_object);
void trace_object_close(struct trace_object *object);
DEFINE_CLEANUP(struct trace_object *, trace_object_close)

/* Attach them to all hooks; those of patterns that cannot be are skipped. Same results. */
int trace_object_attach(struct trace_object *object, struct kview *view, struct trace_hooks *hooks);

/* Take events as they come. */
int trace_object_watch(struct trace_object *object, struct loop *loop);

/* Take all that is left, and the system calls that have not come back. */
int trace_object_drain(struct trace_object *object);

/* What could not be told. */
struct trace_losses {
	uint64_t events;  /* the buffer was full */
	uint64_t untimed; /* calls whose begin could not be noted: too many at the same time */
	uint64_t foreign; /* system calls of 32-bit code */
};

struct trace_losses trace_object_losses(const struct trace_object *object);

/* Counts of hook @hook, for as long as the object is there. */
const struct trace_stats *trace_object_stats(const struct trace_object *object, size_t hook);

#endif /* KVIEW_CLI_TRACE_OBJECT_H */
