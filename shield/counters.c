// SPDX-License-Identifier: GPL-2.0-or-later
#include "counters.h"

#include <errno.h>
#include <string.h>

static bool is_taken(const struct shield_taken *taken, __u32 counter)
{
	for (size_t i = 0; i < taken->count; i++)
		if (taken->counters[i] == counter)
			return true;
	return false;
}

/* Nobody's, or the one whose rule has been out of force for longest. */
static __u32 oldest(const struct shield_counters *counters)
{
	__u32 found = 0;

	for (__u32 i = 1; i < SHIELD_COUNTERS; i++)
		if (counters->owners[i].generation < counters->owners[found].generation)
			found = i;
	return found;
}

static int take(struct shield_counters *counters, const struct shield_taken *taken, const char *text,
		__u32 *ret_counter)
{
	__u32 counter;
	char *copy;

	for (counter = 0; counter < SHIELD_COUNTERS; counter++) {
		const char *owner = counters->owners[counter].text;

		if (!owner || strcmp(owner, text) || is_taken(taken, counter))
			continue;
		*ret_counter = counter;
		return 0;
	}
	counter = oldest(counters);
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(counters->owners[counter].text);
	counters->owners[counter].text = copy;
	*ret_counter = counter;
	return counters->reset(counters->data, counter);
}

static void renew(struct shield_counters *counters, const struct shield_taken *in_force)
{
	counters->generation++;
	for (size_t i = 0; i < in_force->count; i++)
		counters->owners[in_force->counters[i]].generation = counters->generation;
}

/*
 * A generation has 256 rules at most, and the counters of the one in force are newer than all but those taken here, however
 * many generations came and were taken back since it was put in force.
 */
int shield_counters_take(struct shield_counters *counters, const struct shield_config *config,
			 const struct shield_taken *in_force, struct shield_taken *ret_taken)
{
	__u32 counter;
	int err;

	ret_taken->count = 0;
	renew(counters, in_force);
	counters->generation++;
	for (size_t i = 0; i < config->rule_count; i++) {
		err = take(counters, ret_taken, config->rules[i].text, &counter);
		if (err)
			return err;
		counters->owners[counter].generation = counters->generation;
		ret_taken->counters[ret_taken->count++] = counter;
	}
	return 0;
}

void shield_counters_deinit(struct shield_counters *counters)
{
	for (size_t i = 0; i < SHIELD_COUNTERS; i++)
		free(counters->owners[i].text);
}
