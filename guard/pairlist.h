/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a profile knows, as a list that means the same on every machine: by numbers of calls, not by ids, in one order.
 * It is what is kept on disk.
 */
#ifndef GUARD_PAIRLIST_H
#define GUARD_PAIRLIST_H

#include <stddef.h>
#include <stdint.h>

#include "guard/memory.h"

#define GUARD_PAIR_NONE 0xffff /* before the first call */

struct guard_pair {
	uint16_t call, before;
	uint16_t distances; /* bit i: seen i + 1 places apart; never 0, and below 256 */
};

/* All pairs of @copy, sorted by call and before; the caller frees. -ENOMEM. */
int guard_pairlist_get(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy,
		       struct guard_pair **ret_pairs, size_t *ret_count);

/*
 * Add @pairs to what @copy knows. -EINVAL: they are no list of pairs, and nothing was added. -ENOSPC: the profile or
 * the pool of blocks is full; what found room was added.
 */
int guard_pairlist_add(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy,
		       const struct guard_pair *pairs, size_t count);

#endif /* GUARD_PAIRLIST_H */
