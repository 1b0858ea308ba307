/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STIDE, sequence time-delay embedding: the set of all sequences of six calls that were seen. Kept for comparison with
 * lookahead pairs; anomalies are those of a locality frame of 20 calls, as published.
 */
#ifndef GUARD_STIDE_H
#define GUARD_STIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_STIDE_WINDOW 6
#define GUARD_STIDE_LOCALITY 20

struct guard_stide {
	uint64_t *sequences; /* GUARD_STIDE_WINDOW numbers of 10 bits, + 1; 0: free */
	size_t room, count;
	uint16_t *numbers; /* of each call, + 1 */
	uint32_t number_count;
	bool testing;
};

struct guard_stide_task {
	uint64_t window;
	uint32_t filled;
	uint32_t locality; /* one bit for each call */
};

/* Take @call into account. 1: its sequence is unknown (training: was). 0, -ENOMEM. */
int guard_stide_call(struct guard_stide *stide, struct guard_stide_task *task, uint32_t call);

/* Unknown sequences among the last GUARD_STIDE_LOCALITY. */
uint32_t guard_stide_lfc(const struct guard_stide_task *task);

void guard_stide_deinit(struct guard_stide *stide);

#endif /* GUARD_STIDE_H */
