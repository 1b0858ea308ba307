/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs count in their maps. */
#ifndef KVIEW_MONITOR_SAMPLE_H
#define KVIEW_MONITOR_SAMPLE_H

#include <linux/types.h>

/*
 * Slot i counts values below 2^(MONITOR_SLOT_FIRST + i), and those that are not in a slot before; the last one the
 * rest.
 */
#define MONITOR_SLOTS 26
#define MONITOR_SLOT_FIRST 10 /* about a microsecond, in nanoseconds; the last but one ends at 17 s */
#define MONITOR_EXTRAS 2

struct monitor_sample {
	__u64 count, sum;
	__u64 extra[MONITOR_EXTRAS]; /* sums of something else about the same things */
	__u64 slots[MONITOR_SLOTS];
};

/* Of maps whose keys are no more than this. */
struct monitor_key {
	__u32 target; /* number of the target */
	__u32 what;
};

static inline __attribute__((always_inline)) __u32 monitor_slot(__u64 value)
{
	__u32 i = 0;

	value >>= MONITOR_SLOT_FIRST;
	if (value >> 16) {
		value >>= 16;
		i += 16;
	}
	if (value >> 8) {
		value >>= 8;
		i += 8;
	}
	if (value >> 4) {
		value >>= 4;
		i += 4;
	}
	if (value >> 2) {
		value >>= 2;
		i += 2;
	}
	if (value >> 1) {
		value >>= 1;
		i += 1;
	}
	i += value != 0;
	return i < MONITOR_SLOTS ? i : MONITOR_SLOTS - 1;
}

#endif /* KVIEW_MONITOR_SAMPLE_H */
