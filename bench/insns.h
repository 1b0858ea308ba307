/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting instructions with the time stamp counter: under QEMU's -icount shift=0 every instruction takes 1 ns of
 * virtual time and the counter runs at 1 GHz, so one tick is one instruction. Waiting counts, too: the clock jumps to
 * the next event when the processor is idle.
 */
#ifndef BENCH_INSNS_H
#define BENCH_INSNS_H

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"

#define BATCH 8 /* calls between two looks at the counter; a queue of datagrams takes 10 */

/* Instructions per call. */
struct sample {
	double min;
	double mean;  /* over all batches: with timer interrupts and what they lead to */
	bool settled; /* the minimum was seen again and again */
};

static inline uint64_t insns_now(void)
{
	return __builtin_ia32_rdtsc();
}

/* Whether the counter counts instructions here: a loop of known length tells. */
bool insns_counted(void);

/* Make the call in batches until the minimum is certain. The loop itself is not counted. */
void insns_measure(enum call call, const struct call_site *site, struct sample *ret_sample);

#endif
