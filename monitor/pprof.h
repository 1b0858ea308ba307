/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles for pprof and what else reads its format. */
#ifndef KVIEW_MONITOR_PPROF_H
#define KVIEW_MONITOR_PPROF_H

#include <stdint.h>
#include <stdio.h>

#include "flame_tree.h"

struct pprof_times {
	int64_t start_ns;    /* CLOCK_REALTIME */
	int64_t duration_ns;
	int64_t period_ns;   /* CPU time a sample stands for; 0 for times themselves */
};

/* Not compressed, which readers of the format accept. -ENOMEM, -EIO */
int pprof_write(const struct flame_tree *tree, const struct pprof_times *times, FILE *out);

#endif /* KVIEW_MONITOR_PPROF_H */
