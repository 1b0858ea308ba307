// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache.h"

#include <errno.h>
#include <pcp/pmda.h>
#include <stdlib.h>

int cache_numbers(pmInDom indom, int **ret_numbers)
{
	int *numbers, count, i = 0;

	/* Only those that are active are met. */
	pmdaCacheOp(indom, PMDA_CACHE_ACTIVE);
	count = pmdaCacheOp(indom, PMDA_CACHE_SIZE_ACTIVE);
	numbers = calloc(count > 0 ? count : 1, sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	pmdaCacheOp(indom, PMDA_CACHE_WALK_REWIND);
	while (i < count && (numbers[i] = pmdaCacheOp(indom, PMDA_CACHE_WALK_NEXT)) >= 0)
		i++;
	*ret_numbers = numbers;
	return i;
}
