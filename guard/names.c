// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers for the names of calls, in the order in which they occur. A few hundred at most: a hash that never grows. */
#include <stdbool.h>
#include <string.h>

#include "guard/trace.h"

#define NAMES_MAX 2048 /* the kernel has fewer than 500, for each of three ways to call it */
#define SLOTS (2 * NAMES_MAX)

struct guard_names {
	char *names[NAMES_MAX];
	uint16_t slots[SLOTS]; /* index + 1 */
	size_t count;
};

struct guard_names *guard_names_new(void)
{
	return calloc(1, sizeof(struct guard_names));
}

void guard_names_free(struct guard_names *names)
{
	size_t i;

	if (!names)
		return;
	for (i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names);
}

static uint32_t hash(const char *name, size_t len)
{
	uint32_t value = 2166136261; /* FNV-1a */

	while (len--)
		value = (value ^ (uint8_t)*name++) * 16777619;
	return value;
}

static bool same(const char *known, const char *name, size_t len)
{
	return !strncmp(known, name, len) && !known[len];
}

int guard_names_number(struct guard_names *names, const char *name, size_t len)
{
	uint32_t slot = hash(name, len) % SLOTS;

	for (; names->slots[slot]; slot = (slot + 1) % SLOTS)
		if (same(names->names[names->slots[slot] - 1], name, len))
			return GUARD_TRACE_NUMBER_MAX + names->slots[slot];
	if (names->count == NAMES_MAX)
		return -ENOSPC;
	names->names[names->count] = strndup(name, len);
	if (!names->names[names->count])
		return -ENOMEM;
	names->slots[slot] = ++names->count;
	return GUARD_TRACE_NUMBER_MAX + names->count;
}

const char *guard_names_name(const struct guard_names *names, uint32_t number)
{
	if (number <= GUARD_TRACE_NUMBER_MAX || number > GUARD_TRACE_NUMBER_MAX + names->count)
		return NULL;
	return names->names[number - GUARD_TRACE_NUMBER_MAX - 1];
}
