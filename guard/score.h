/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How well the labelled traces of a replay were told apart. */
#ifndef GUARD_SCORE_H
#define GUARD_SCORE_H

#include <stdint.h>

#include "guard/replay.h"

/* How often something was so. */
struct guard_share {
	uint64_t count, of;
};

/* Who is found by a criterion: traces of attacks, their processes, and normal processes, which is the false-alarm rate.
 */
struct guard_criterion {
	struct guard_share attacks, attack_processes, normal;
};

struct guard_roc_point {
	uint32_t lfc; /* found: locality frames with more anomalies than this */
	struct guard_criterion found;
};

struct guard_score {
	uint64_t calls[GUARD_LABELS], traces[GUARD_LABELS], processes[GUARD_LABELS];
	struct guard_criterion any;   /* an anomaly */
	struct guard_criterion task;  /* a locality frame over the limit */
	struct guard_criterion alarm; /* any of the alarms */
	double auc;	      /* area under the curve of attacks over normal processes; NAN: one of them is missing */
	uint32_t point_count; /* points that differ, from 0 anomalies upward, and that of the limit */
	struct guard_roc_point points[GUARD_LOCALITY + 1];
	uint64_t alarm_calls[3]; /* calls of processes of attacks until their first alarm: least, median, most; 0: none
				  */
};

/* -ENOMEM */
int guard_score(const struct guard_replay *replay, uint32_t lfc_limit, struct guard_score *ret_score);

/* @share as a number from 0 to 1; NAN of nothing. */
double guard_share_rate(struct guard_share share);

/* The largest rate, with 95 % confidence, when @count of @of show something (Poisson); at most 1. */
double guard_rate_bound(uint64_t count, uint64_t of);

#endif /* GUARD_SCORE_H */
