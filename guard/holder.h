/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process of its own that lets stopped processes go on when their time is over, and all of them when the guard ends,
 * however that ends: the guard's death closes the socket it waits for. When it dies itself, the kernel does that
 * (deadman.h).
 */
#ifndef GUARD_HOLDER_H
#define GUARD_HOLDER_H

#include <stdint.h>

#include "guard/memory.h"
#include "guard/guard_record.h"

struct guard_holder;

struct guard_holder_opts {
	int held_fd, stops_fd;		 /* maps of guard.bpf.c */
	struct guard_settings *settings; /* shared with the kernel, as are */
	struct guard_counters *counters;
};

/* Before anything is attached, or when another one has died: whoever is stopped then goes on first. */
int guard_holder_start(const struct guard_holder_opts *opts, struct guard_holder **ret_holder);

/* Becomes readable when it dies. */
int guard_holder_fd(const struct guard_holder *holder);

/* 0: it lives; 1: it was killed; -ECHILD: it could not do what it is for, nor could another. */
int guard_holder_died(const struct guard_holder *holder);

/* Nobody is stopped any more when this returns. NULL is allowed. */
void guard_holder_stop(struct guard_holder *holder);

#endif /* GUARD_HOLDER_H */
