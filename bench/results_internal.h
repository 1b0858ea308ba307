/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Used by results.c and table.c only. */
#ifndef BENCH_RESULTS_INTERNAL_H
#define BENCH_RESULTS_INTERNAL_H

#include <sys/utsname.h>

#include "results.h"

struct results {
	struct utsname kernel;
	FILE *file; /* may be NULL */
	struct result *rows;
	size_t count;
};

#endif
