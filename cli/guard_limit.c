// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_limit.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_NS 60000000000ULL

void guard_limit_deinit(struct guard_limit *limit)
{
	free(limit->counts);
	limit->counts = NULL;
	limit->room = 0;
}

static struct guard_limit_count *count_of(struct guard_limit *limit, uint32_t number)
{
	uint32_t room = number + 64;
	struct guard_limit_count *counts;

	if (number < limit->room)
		return &limit->counts[number];
	counts = reallocarray(limit->counts, room, sizeof(*counts));
	if (!counts)
		return NULL;
	memset(counts + limit->room, 0, (room - limit->room) * sizeof(*counts));
	limit->counts = counts;
	limit->room = room;
	return &counts[number];
}

bool guard_limit_take(struct guard_limit *limit, uint32_t number, uint64_t now)
{
	struct guard_limit_count *count = count_of(limit, number);

	if (!count)
		return true;
	if (!count->told || now - count->since >= MINUTE_NS) {
		count->since = now;
		count->told = 0;
	}
	if (count->told < (limit->per_minute ?: GUARD_LIMIT_PER_MINUTE)) {
		count->told++;
		return true;
	}
	count->waiting++;
	count->suppressed++;
	limit->suppressed++;
	return false;
}

uint64_t guard_limit_suppressed(const struct guard_limit *limit, uint32_t number)
{
	return number < limit->room ? limit->counts[number].suppressed : 0;
}

uint32_t guard_limit_take_suppressed(struct guard_limit *limit, uint32_t number, uint64_t now)
{
	uint32_t waiting;

	if (number >= limit->room || !limit->counts[number].waiting || now - limit->counts[number].since < MINUTE_NS)
		return 0;
	waiting = limit->counts[number].waiting;
	limit->counts[number].waiting = 0;
	return waiting;
}
