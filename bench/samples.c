// SPDX-License-Identifier: GPL-2.0-or-later
#include "samples.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static unsigned int count_first(const uint64_t *sorted, size_t count)
{
	unsigned int seen = 0;

	while (seen < count && sorted[seen] == sorted[0])
		seen++;
	return seen;
}

void samples_sum_up(uint64_t *values, size_t count, struct figure *ret_figure)
{
	qsort(values, count, sizeof(*values), compare);
	*ret_figure = (struct figure){
		.min = values[0],
		.median = values[count / 2],
		.seen = count_first(values, count),
	};
}
