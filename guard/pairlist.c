// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/pairlist.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "guard/list.h"
#include "util/cleanup.h"

static uint32_t id_count(const struct guard_profile *profile)
{
	return profile->id_count < GUARD_IDS ? profile->id_count : GUARD_IDS;
}

static uint32_t distances(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy, uint32_t id,
			  uint32_t before)
{
	uint32_t i, bit = 0, set = 0;
	uint64_t *word;

	for (i = 0; i < GUARD_LOOKAHEAD; i++) {
		word = (uint64_t *)guard_word(env, profile, copy, id, before, i, 0, &bit);
		set |= word && *word >> bit & 1 ? 1U << i : 0;
	}
	return set;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct guard_pair *first = a, *second = b;

	if (first->call != second->call)
		return first->call < second->call ? -1 : 1;
	return (first->before > second->before) - (first->before < second->before);
}

static int add_pair(struct guard_list *list, uint32_t call, uint32_t before, uint32_t set)
{
	struct guard_pair *pair;

	if (!set)
		return 0;
	pair = guard_list_add(list);
	if (!pair)
		return -ENOMEM;
	*pair = (struct guard_pair){ .call = call, .before = before, .distances = set };
	return 0;
}

static int add_row(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy, uint32_t id,
		   struct guard_list *list)
{
	uint32_t before, call = guard_call_of(env, profile, id);
	int err;

	err = add_pair(list, call, GUARD_PAIR_NONE, distances(env, profile, copy, id, GUARD_ID_NONE));
	for (before = 0; !err && before < id_count(profile); before++)
		err = add_pair(list, call, guard_call_of(env, profile, before),
			       distances(env, profile, copy, id, before));
	return err;
}

int guard_pairlist_get(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy,
		       struct guard_pair **ret_pairs, size_t *ret_count)
{
	struct guard_list list;
	uint32_t id;
	int err = 0;

	guard_list_init(&list, sizeof(struct guard_pair));
	for (id = 0; !err && id < id_count(profile); id++)
		err = add_row(env, profile, copy, id, &list);
	if (err) {
		guard_list_deinit(&list);
		return err;
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(struct guard_pair), compare_pairs);
	*ret_pairs = list.items;
	*ret_count = list.count;
	return 0;
}

static bool is_pairlist(const struct guard_pair *pairs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (pairs[i].call == GUARD_PAIR_NONE || !pairs[i].distances || pairs[i].distances > 0xff ||
		    (i && compare_pairs(&pairs[i - 1], &pairs[i]) >= 0))
			return false;
	return true;
}

static bool set_pair(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy,
		     const struct guard_pair *pair)
{
	uint32_t id = guard_id(env, profile, pair->call), before = GUARD_ID_NONE, i, bit = 0;
	__u64 *word;

	if (pair->before != GUARD_PAIR_NONE)
		before = guard_id(env, profile, pair->before);
	if (id == GUARD_ID_LOST || before == GUARD_ID_LOST)
		return false;
	for (i = 0; i < GUARD_LOOKAHEAD; i++) {
		if (!(pair->distances >> i & 1))
			continue;
		word = guard_word(env, profile, copy, id, before, i, 1, &bit);
		if (!word)
			return false;
		__sync_fetch_and_or(word, 1ULL << bit);
	}
	return true;
}

int guard_pairlist_add(struct guard_env *env, struct guard_profile *profile, enum guard_copy copy,
		       const struct guard_pair *pairs, size_t count)
{
	bool full = false;
	size_t i;

	if (!is_pairlist(pairs, count))
		return -EINVAL;
	for (i = 0; i < count; i++)
		full |= !set_pair(env, profile, copy, &pairs[i]);
	return full ? -ENOSPC : 0;
}
