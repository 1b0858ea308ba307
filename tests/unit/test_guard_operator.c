// SPDX-License-Identifier: GPL-2.0-or-later
/* What operators do with a profile. */
#include "guard_engine.h"

static void operator_actions(void **state)
{
	struct machine *machine = *state;

	make_all(machine, usual, COUNT(usual));
	normalize(machine);
	run(machine, usual + 3, 5);
	assert_true(machine->events & GUARD_ANOMALY);
	guard_sensitize(&machine->env, &machine->profile); /* forgets these */
	guard_tolerize(&machine->env, &machine->profile);  /* so there is nothing to accept */
	machine->events = 0;
	run(machine, usual + 3, 5);
	assert_true(machine->events & GUARD_ANOMALY);
	guard_tolerize(&machine->env, &machine->profile);
	machine->events = 0;
	run(machine, usual + 3, 5);
	run(machine, usual, COUNT(usual));
	assert_int_equal(machine->events, 0);
	guard_train(&machine->profile);
	run(machine, usual + 5, 5);
	assert_int_equal(machine->events, GUARD_NOVELTY);
	machine->events = 0;
	run(machine, usual + 5, 5);
	assert_int_equal(machine->events, 0);
}

static void freeze(void **state)
{
	struct machine *machine = *state;

	make_all(machine, usual, COUNT(usual));
	guard_freeze(&machine->profile, machine->env.now + 100);
	make(machine, 77); /* news: not yet trained after all */
	machine->env.now += 200;
	run(machine, usual, COUNT(usual));
	assert_false(machine->profile.normal);
	run(machine, usual, COUNT(usual));
	guard_freeze(&machine->profile, machine->env.now + 100);
	run(machine, usual, COUNT(usual));
	assert_false(machine->profile.normal);
	machine->env.now += 100;
	machine->events = 0;
	run(machine, usual, COUNT(usual));
	assert_true(machine->profile.normal);
	assert_int_equal(machine->events, GUARD_BECAME_NORMAL);
}

/* All is forgotten, what a profile with many calls knows, too; and learned anew. */
static void reset(void **state)
{
	struct machine *machine = *state;
	uint32_t call;

	run(machine, usual, COUNT(usual));
	for (call = 0; call < 100; call++)
		make(machine, call);
	normalize(machine);
	make(machine, 300);
	guard_reset(&machine->env, &machine->profile);
	assert_int_equal(machine->profile.id_count, 0);
	assert_false(machine->profile.normal);
	guard_task_exec(&machine->task, &machine->profile, 1);
	for (call = 0; call < 100; call++)
		assert_int_equal(make(machine, call), GUARD_NOVELTY);
	assert_int_equal(machine->profile.lost, 0);
	normalize(machine);
	run(machine, usual, COUNT(usual));
	assert_true(machine->events & GUARD_ANOMALY);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(operator_actions), TEST(freeze), TEST(reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
