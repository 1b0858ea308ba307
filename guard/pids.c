// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/pids.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_ROOM 64

static struct guard_pid *find_slot(const struct guard_pids *pids, uint32_t pid)
{
	size_t at = pid * 2654435761U % pids->room; /* Knuth's multiplier */

	while (pids->slots[at].index && pids->slots[at].pid != pid)
		at = (at + 1) % pids->room;
	return &pids->slots[at];
}

uint32_t guard_pids_find(const struct guard_pids *pids, uint32_t pid)
{
	return pids->room ? find_slot(pids, pid)->index - 1 : GUARD_PIDS_NONE;
}

/* At most half of the slots are used. */
static int grow(struct guard_pids *pids)
{
	struct guard_pids bigger = { .room = pids->room ? 2 * pids->room : FIRST_ROOM, .count = pids->count };
	size_t i;

	bigger.slots = calloc(bigger.room, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; i < pids->room; i++)
		if (pids->slots[i].index)
			*find_slot(&bigger, pids->slots[i].pid) = pids->slots[i];
	free(pids->slots);
	*pids = bigger;
	return 0;
}

int guard_pids_set(struct guard_pids *pids, uint32_t pid, uint32_t index)
{
	struct guard_pid *slot;

	if (2 * pids->count >= pids->room && grow(pids))
		return -ENOMEM;
	slot = find_slot(pids, pid);
	pids->count += !slot->index;
	*slot = (struct guard_pid){ .pid = pid, .index = index + 1 };
	return 0;
}

void guard_pids_deinit(struct guard_pids *pids)
{
	free(pids->slots);
	*pids = (struct guard_pids){};
}
