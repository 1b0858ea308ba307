/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes that pass a byte back and forth: each passing is a switch from one address space to the other. */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <sys/types.h>

#include "samples.h"

struct pair;

int pair_start(struct pair **ret_pair);
void pair_stop(struct pair *pair);

/* @which: 0 or 1 */
pid_t pair_pid(const struct pair *pair, int which);

/* Instructions of one round: two switches, with a write() and a read() by each process. */
int pair_measure(struct pair *pair, struct figure *ret_round);

#endif
