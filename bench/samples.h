/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What many measurements of one thing say, when interrupts and the scheduler's moods come between. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct figure {
	double min, median;
	unsigned int seen; /* how often the minimum was met */
};

/* Sorts @values; there is one at least. */
void samples_sum_up(uint64_t *values, size_t count, struct figure *ret_figure);

#endif
