// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/stide.h"

#include <errno.h>
#include <stdlib.h>

#define NUMBER_BITS 10
#define NUMBER_MAX ((1 << NUMBER_BITS) - 1) /* all further calls are one */
#define CALLS 0x10000
#define FIRST_ROOM 4096

static uint64_t *find_slot(const struct guard_stide *stide, uint64_t sequence)
{
	size_t at = (sequence * 0x9e3779b97f4a7c15ULL >> 20) % stide->room;

	while (stide->sequences[at] && stide->sequences[at] != sequence)
		at = (at + 1) % stide->room;
	return &stide->sequences[at];
}

static int grow(struct guard_stide *stide)
{
	struct guard_stide bigger = { .room = stide->room ? 2 * stide->room : FIRST_ROOM };
	size_t i;

	bigger.sequences = calloc(bigger.room, sizeof(*bigger.sequences));
	if (!bigger.sequences)
		return -ENOMEM;
	for (i = 0; i < stide->room; i++)
		if (stide->sequences[i])
			*find_slot(&bigger, stide->sequences[i]) = stide->sequences[i];
	free(stide->sequences);
	stide->sequences = bigger.sequences;
	stide->room = bigger.room;
	return 0;
}

static int number_of(struct guard_stide *stide, uint32_t call, uint32_t *ret_number)
{
	call %= CALLS;
	if (!stide->numbers)
		stide->numbers = calloc(CALLS, sizeof(*stide->numbers));
	if (!stide->numbers)
		return -ENOMEM;
	if (!stide->numbers[call])
		stide->numbers[call] = stide->number_count < NUMBER_MAX ? ++stide->number_count : NUMBER_MAX;
	*ret_number = stide->numbers[call];
	return 0;
}

/* Is @sequence unknown? When not testing, it no longer is. */
static int check(struct guard_stide *stide, uint64_t sequence)
{
	uint64_t *slot;

	if (2 * stide->count >= stide->room && grow(stide))
		return -ENOMEM;
	slot = find_slot(stide, sequence);
	if (*slot)
		return 0;
	if (!stide->testing) {
		*slot = sequence;
		stide->count++;
	}
	return 1;
}

int guard_stide_call(struct guard_stide *stide, struct guard_stide_task *task, uint32_t call)
{
	uint32_t number;
	int unknown;

	if (number_of(stide, call, &number))
		return -ENOMEM;
	task->window = (task->window << NUMBER_BITS | number) & ((1ULL << NUMBER_BITS * GUARD_STIDE_WINDOW) - 1);
	if (task->filled < GUARD_STIDE_WINDOW && ++task->filled < GUARD_STIDE_WINDOW)
		return 0;
	unknown = check(stide, task->window);
	if (unknown >= 0)
		task->locality = task->locality << 1 | unknown;
	return unknown;
}

uint32_t guard_stide_lfc(const struct guard_stide_task *task)
{
	return __builtin_popcount(task->locality & ((1U << GUARD_STIDE_LOCALITY) - 1));
}

void guard_stide_deinit(struct guard_stide *stide)
{
	free(stide->sequences);
	free(stide->numbers);
	*stide = (struct guard_stide){};
}
