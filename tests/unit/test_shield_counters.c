// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters of rules: who keeps one, and who gets another's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shield/counters.h"
#include "unit.h"

static struct shield_taken in_force;
static size_t resets;

/* Who is in force would lose its counts. */
static int take_reset(void *data, __u32 counter)
{
	(void)data;
	resets++;
	for (size_t i = 0; i < in_force.count; i++)
		assert_int_not_equal(in_force.counters[i], counter);
	return 0;
}

/* @count rules, all of them other ones for another @name. */
static struct shield_config make_config(int name, size_t count)
{
	struct shield_config config = { .rules = calloc(count, sizeof(*config.rules)), .rule_count = count };

	for (size_t i = 0; i < count; i++)
		assert_true(asprintf(&config.rules[i].text, "allow proto %zu port %d", i, name) > 0);
	return config;
}

static struct shield_counters *new_counters(void)
{
	struct shield_counters *counters = calloc(1, sizeof(*counters));

	counters->reset = take_reset;
	in_force.count = resets = 0;
	return counters;
}

static void delete_counters(struct shield_counters *counters)
{
	shield_counters_deinit(counters);
	free(counters);
}

static struct shield_taken take(struct shield_counters *counters, int name, size_t count)
{
	struct shield_config config = make_config(name, count);
	struct shield_taken taken;

	assert_int_equal(shield_counters_take(counters, &config, &in_force, &taken), 0);
	assert_int_equal(taken.count, count);
	shield_config_deinit(&config);
	return taken;
}

/* Rules that come back find their counts, and no two have the same counter. */
static void come_back(void **state)
{
	struct shield_counters *counters = new_counters();
	struct shield_taken first = take(counters, 1, SHIELD_RULES), again;
	bool seen[SHIELD_COUNTERS] = {};

	(void)state;
	for (size_t i = 0; i < first.count; i++) {
		assert_false(seen[first.counters[i]]);
		seen[first.counters[i]] = true;
	}
	take(counters, 2, SHIELD_RULES);
	take(counters, 3, SHIELD_RULES);
	assert_int_equal(resets, 3 * SHIELD_RULES);
	again = take(counters, 1, SHIELD_RULES);
	assert_int_equal(resets, 3 * SHIELD_RULES);
	assert_memory_equal(first.counters, again.counters, sizeof(first.counters));
	delete_counters(counters);
}

/* The one that has been out of force for longest is forgotten first. */
static void oldest_first(void **state)
{
	struct shield_counters *counters = new_counters();
	struct shield_taken first, second;

	(void)state;
	first = take(counters, 1, SHIELD_RULES);
	second = take(counters, 2, SHIELD_RULES);
	take(counters, 3, SHIELD_RULES);
	take(counters, 4, SHIELD_RULES);
	in_force = second;
	assert_int_equal(take(counters, 5, 1).counters[0], first.counters[0]);
	delete_counters(counters);
}

/* Rules that were never kept: those in force stay the same, and have to stay the owners of their counters. */
static void taken_back(void **state)
{
	struct shield_counters *counters = new_counters();

	(void)state;
	in_force = take(counters, 0, SHIELD_RULES);
	for (int i = 1; i < 10; i++)
		take(counters, i, SHIELD_RULES);
	assert_int_equal(resets, 10 * SHIELD_RULES);
	delete_counters(counters);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_back),
		cmocka_unit_test(oldest_first),
		cmocka_unit_test(taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
