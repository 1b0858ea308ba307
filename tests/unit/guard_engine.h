/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program and a task that makes its calls, for the tests of guard/memory.h: the engine without a kernel. The number a
 * test begins with is that of a defect of pH or ebpH in the table of ARCHITECTURE.md.
 */
#ifndef TESTS_UNIT_GUARD_ENGINE_H
#define TESTS_UNIT_GUARD_ENGINE_H

#include <stdlib.h>
#include <string.h>

#include "guard/memory.h"
#include "unit.h"

#define BLOCKS 40

/* A program, and one task that runs it. */
struct machine {
	struct guard_env env;
	uint32_t blocks_used;
	struct guard_rule rule;
	struct guard_profile profile;
	struct guard_task task;
	struct guard_verdict last;
	uint32_t events; /* of all calls since they were set to 0 */
	union guard_block blocks[BLOCKS];
};

static inline int setup(void **state)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	assert_non_null(machine);
	machine->env.blocks = machine->blocks;
	machine->env.count = BLOCKS;
	machine->env.used = &machine->blocks_used;
	machine->rule = (struct guard_rule)GUARD_RULE_DEFAULTS;
	guard_task_exec(&machine->task, &machine->profile, 1);
	*state = machine;
	return 0;
}

static inline int teardown(void **state)
{
	free(*state);
	return 0;
}

/* One call; returns what came of it. */
static inline uint32_t make(struct machine *machine, uint32_t call)
{
	machine->env.now++;
	guard_call(&machine->env, &machine->rule, &machine->profile, &machine->task, call, &machine->last);
	machine->events |= machine->last.events;
	return machine->last.events;
}

static inline void make_all(struct machine *machine, const uint32_t *calls, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		make(machine, calls[i]);
}

/* The program runs from its beginning to its end, in the same task. */
static inline void run(struct machine *machine, const uint32_t *calls, size_t count)
{
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, calls, count);
	machine->events |= guard_task_exit(&machine->env, &machine->rule, &machine->profile, &machine->task);
}

static inline void run_times(struct machine *machine, const uint32_t *calls, size_t count, int times)
{
	while (times--)
		run(machine, calls, count);
}

/* What a program does as long as nothing is wrong. */
static const uint32_t usual[] = { 12, 9, 257, 0, 3, 10, 9, 11, 1, 1, 3, 231 };

/* What has been seen until now is what the program does. */
static inline void normalize(struct machine *machine)
{
	guard_normalize(&machine->env, &machine->profile);
	machine->events = 0;
}

/* Each test has a machine of its own. */
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif /* TESTS_UNIT_GUARD_ENGINE_H */
