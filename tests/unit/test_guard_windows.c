// SPDX-License-Identifier: GPL-2.0-or-later
/* The window of a task, from which its calls are judged: where it begins, and what is known of it then. */
#include "guard_engine.h"

/* 5. A child goes on in the middle of what its parent did. */
static void fork_copies_window(void **state)
{
	struct machine *machine = *state;
	struct guard_task parent;

	make_all(machine, usual, COUNT(usual));
	normalize(machine);
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, usual, 6);
	parent = machine->task;
	guard_task_fork(&machine->task, &parent);
	make_all(machine, usual + 6, COUNT(usual) - 6);
	assert_int_equal(machine->events, 0);
	assert_int_equal(guard_task_calls(&machine->task), COUNT(usual) - 6);
	assert_int_equal(machine->task.profile, 1);
	guard_task_exec(&machine->task, &machine->profile, 1); /* and a window that begins there would not do */
	make_all(machine, usual + 6, 1);
	assert_true(machine->events & GUARD_ANOMALY);
}

/* Bits that say that a call was seen at the start of something. */
static int count_starts(const struct machine *machine)
{
	int copy, i, count = 0;

	for (copy = 0; copy < GUARD_COPIES; copy++)
		for (i = 0; i < GUARD_LOOKAHEAD; i++)
			count += __builtin_popcountll(machine->profile.start[copy].none[i]);
	return count;
}

/* A process that was there before the guard is not taken for one that begins: what came before is not known, so ... */
static void met_in_the_middle(void **state)
{
	struct machine *machine = *state;
	struct guard_task parent;

	run(machine, usual, COUNT(usual));
	normalize(machine);
	guard_task_meet(&machine->rule, &machine->task, &machine->profile, 1);
	make_all(machine, usual + 5, 2);
	parent = machine->task;
	guard_task_fork(&machine->task, &parent);
	make_all(machine, usual + 7, COUNT(usual) - 7);
	assert_int_equal(machine->events, 0);			/* ... nothing is wrong with its first calls, */
	assert_true(make(machine, usual[2]) & GUARD_ANOMALY); /* but with what does not follow from them, */
	guard_task_meet(&machine->rule, &machine->task, &machine->profile, 1);
	make(machine, usual[3]);
	assert_true(make(machine, usual[9]) & GUARD_ANOMALY);
	guard_task_meet(&machine->rule, &machine->task, &machine->profile, 1);
	assert_true(make(machine, 59) & GUARD_ALARM_CALL); /* or that its program never does, */
	guard_task_exec(&machine->task, &machine->profile, 1);
	assert_true(make(machine, usual[5]) & GUARD_ANOMALY); /* or with how the next program begins. */
}

/* Nor is it learned that the program begins so. */
static void met_and_learned(void **state)
{
	struct machine *machine = *state;

	guard_task_meet(&machine->rule, &machine->task, &machine->profile, 1);
	make_all(machine, usual + 5, COUNT(usual) - 5);
	assert_int_equal(count_starts(machine), 0);
	assert_true(machine->events & GUARD_NOVELTY);
	normalize(machine);
	guard_task_meet(&machine->rule, &machine->task, &machine->profile, 1);
	make_all(machine, usual + 5, COUNT(usual) - 5);
	assert_int_equal(machine->events, 0);
	run(machine, usual + 5, COUNT(usual) - 5);
	assert_true(machine->events & GUARD_ANOMALY);
	assert_false(machine->events & GUARD_ALARM_CALL);

	/* What was meant by the windows is forgotten, those of handlers among them: it goes on in the middle. */
	guard_task_signal(&machine->task);
	guard_reset(&machine->env, &machine->profile);
	make_all(machine, usual, 2);
	guard_task_sigreturn(&machine->task);
	make_all(machine, usual, 4);
	assert_int_equal(count_starts(machine), 0);
}

/* In a handler, too: its end is not the start of anything, but the end of one that never began is. */
static void met_in_a_handler(void **state)
{
	struct machine *machine = *state;
	int i;

	guard_task_meet(&machine->rule, &machine->task, &machine->profile, 1);
	make(machine, 1);
	guard_task_sigreturn(&machine->task);
	make(machine, 15);
	assert_int_equal(count_starts(machine), 0);
	guard_task_signal(&machine->task);
	make(machine, 1);
	assert_int_equal(count_starts(machine), GUARD_LOOKAHEAD);
	guard_task_sigreturn(&machine->task);
	make(machine, 15);
	assert_int_equal(count_starts(machine), GUARD_LOOKAHEAD);
	for (i = 0; i < GUARD_FRAMES; i++)
		guard_task_sigreturn(&machine->task);
	make(machine, 15);
	assert_int_equal(count_starts(machine), 2 * GUARD_LOOKAHEAD);
}

/* The published rule knows nothing of that. */
static void met_as_published(void **state)
{
	struct machine *machine = *state;

	machine->rule.kind = GUARD_RULE_PH;
	guard_task_meet(&machine->rule, &machine->task, &machine->profile, 1);
	make(machine, 1);
	assert_int_equal(count_starts(machine), GUARD_LOOKAHEAD);
}

static void generations(void **state)
{
	struct machine *machine = *state;

	make_all(machine, usual, COUNT(usual));
	machine->profile.epoch += GUARD_EPOCH;
	make(machine, 1);
	assert_true((machine->task.window & 0xff) == guard_id(&machine->env, &machine->profile, 1));
	assert_true(machine->task.window >> 56 != 0xff);
	machine->profile.epoch += GUARD_GENERATION;
	make(machine, 1);
	assert_true(machine->task.window >> 8 == GUARD_WINDOW_UNSEEN >> 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(fork_copies_window), TEST(met_in_the_middle), TEST(met_and_learned),
		TEST(met_in_a_handler), TEST(met_as_published), TEST(generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
