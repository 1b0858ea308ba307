/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over what can be hooked on the running kernel. hooks.c knows the names, hooks_ask.c asks about them in batches. */
#ifndef KVIEW_HOOKS_H
#define KVIEW_HOOKS_H

#include "internal.h"

#define KVIEW_BATCH 4096     /* candidates per question to the module */
#define KVIEW_NAME_KINDS 5   /* of hooks that one name can have */

struct kview_walk {
	const char *pattern; /* NULL: all */
	kview_hook_fn fn;
	void *data;
	uint32_t kinds;	   /* those that are wanted: a bit each */
	bool ordinary;	   /* for the ordinary mode: what ftrace knows can be hooked */
	int device_fd;	   /* -1: the module is not there, or not asked */
	uint64_t features; /* of the module */
	struct kview_symbols symbols;
	struct kview_names traceable; /* asked when there is no module; empty when not readable */
	uint64_t *traceable_addrs;    /* of those, by rising address: the list has one name of a function, not its aliases */
	size_t traceable_count;
	struct kview_names events;    /* empty when not readable */
};

/* A name that matches the pattern. */
struct kview_candidate {
	const char *name;
	uint64_t value;			/* address, or number of the system call */
	uint32_t why[KVIEW_NAME_KINDS]; /* what is wrong with each kind; KVIEW_WHY_NONE: to be found out */
};

struct kview_batch {
	struct kview_walk *walk;
	enum kview_kind kinds[KVIEW_NAME_KINDS];
	size_t kind_count;
	struct kview_candidate candidates[KVIEW_BATCH];
	size_t count;
};

/* Ask about all candidates and report them to the walk's function; its result, or a negative errno. */
int kview_batch_flush(struct kview_batch *batch);

/* Once symbols and list of what ftrace can trace have been read. */
int kview_walk_find_addrs(struct kview_walk *walk);

/* Walk hooks of the wanted kinds. The caller has opened the device, if the module is to be asked, and closes it. */
int kview_walk_run(struct kview_walk *walk);

#endif /* KVIEW_HOOKS_H */
