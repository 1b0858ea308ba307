// SPDX-License-Identifier: GPL-2.0-or-later
/* When a program is known well enough to be judged, and on which scales it is. */
#include "guard_engine.h"

/* 1. A locality frame and its count are one. */
static void lfc_returns_to_zero(void **state)
{
	struct machine *machine = *state;
	int i;

	run_times(machine, usual, COUNT(usual), 3);
	normalize(machine);
	for (i = 0; i < 10; i++)
		make(machine, i % 2 ? 60 : 61);
	assert_int_equal(machine->task.lfc, 10);
	normalize(machine);
	make(machine, 61);
	assert_int_equal(machine->task.lfc, 0);
	for (i = 0; i < 10; i++)
		make(machine, 70 + i);
	assert_int_equal(machine->task.lfc, 10);
	guard_task_exec(&machine->task, &machine->profile, 1);
	assert_int_equal(machine->task.lfc, 0);
	make_all(machine, usual, COUNT(usual));
	assert_int_equal(machine->task.lfc, 0);
	for (i = 0; i < 10; i++)
		make(machine, 70 + i);
	assert_int_equal(machine->task.lfc, 10);
	make_all(machine, usual, COUNT(usual));
	guard_tolerize(&machine->env, &machine->profile);
	make_all(machine, usual, COUNT(usual));
	assert_int_equal(machine->task.lfc, 8); /* which have usual calls behind unusual ones */
	for (i = 0; i < GUARD_LOCALITY; i++)
		guard_task_push(&machine->task, 0);
	assert_int_equal(machine->task.lfc, 0);
	assert_int_equal(machine->task.locality[0] | machine->task.locality[1], 0);
}

/* 4. However many anomalies an attacker makes, the profile stays as it was. */
static void attacker_is_not_learned(void **state)
{
	static const uint32_t attack[] = { 41, 42, 33, 33, 33, 59 };
	struct machine *machine = *state;
	int i;

	run_times(machine, usual, COUNT(usual), 200);
	normalize(machine);
	for (i = 0; i < 3000; i++) {
		machine->events = 0;
		run(machine, attack, COUNT(attack));
		assert_true(machine->events & GUARD_ANOMALY);
		assert_true(machine->events & GUARD_ALARM_CALL);
		assert_true(machine->profile.normal);
	}
	assert_true(machine->profile.anomalies > 31);
	machine->events = 0;
	run(machine, usual, COUNT(usual));
	assert_int_equal(machine->events, 0);
}

/* 13. The default finds a program normal that the published rule never does, and says what to expect. */
static void arms(void **state)
{
	struct machine *machine = *state;
	uint32_t i, j, seen = 0;

	for (i = 0; i < 2000 && !machine->profile.normal; i++) {
		run_times(machine, usual, COUNT(usual), 99);
		make(machine, i % 250); /* new, again and again */
		guard_task_exit(&machine->env, &machine->rule, &machine->profile, &machine->task);
	}
	assert_true(machine->profile.normal);
	assert_true(machine->profile.normal_spans >= 127);
	assert_true(machine->profile.normal_novel <= machine->rule.novel_limit);

	memset(&machine->profile, 0, sizeof(machine->profile));
	machine->rule.kind = GUARD_RULE_PH;
	for (i = 0; i < 250; i++) {
		run_times(machine, usual, COUNT(usual), 3 + i); /* longer and longer without news, but never four times */
		for (j = 0; j < 2; j++)
			make(machine, 20 + seen++ % 200);
	}
	assert_false(machine->profile.normal && machine->profile.normal_time > 1000000);
}

/* Another order of 24 calls for each @i; returns how many. */
static size_t shuffle(uint32_t *order, uint32_t i)
{
	uint32_t at, seed = i;

	for (at = 0; at < 24; at++) {
		seed = seed * 1103515245 + 12345;
		order[at] = (seed >> 16) % 60;
	}
	return at;
}

static void does_not_arm_early(void **state)
{
	struct machine *machine = *state;
	uint32_t order[24], i;

	run_times(machine, usual, COUNT(usual), 127);
	assert_false(machine->profile.normal);
	memset(&machine->profile, 0, sizeof(machine->profile));
	for (i = 0; i < 127; i++) /* each run another order */
		run(machine, order, shuffle(order, i));
	assert_false(machine->profile.normal);
	memset(&machine->profile, 0, sizeof(machine->profile));
	machine->rule.normal_wait = 1000000;
	machine->profile.created = machine->env.now;
	run_times(machine, usual, COUNT(usual), 5000);
	assert_false(machine->profile.normal);
	machine->env.now += 1000000;
	run_times(machine, usual, COUNT(usual), 128);
	assert_true(machine->profile.normal);
}

/* 14. Three scales: a task that goes wrong ... */
static void task_alarm(void **state)
{
	struct machine *machine = *state;
	int i, alarms = 0;

	make_all(machine, usual, COUNT(usual));
	normalize(machine);
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, usual, COUNT(usual));
	for (i = 0; i < 12; i++)
		make(machine, usual[(i * 5) % COUNT(usual)]);
	while (machine->task.lfc <= 12)
		alarms += !!(make(machine, usual[(i++ * 5) % COUNT(usual)]) & GUARD_ALARM_TASK);
	assert_int_equal(alarms, 1);
	assert_int_equal(machine->task.lfc, 13);
	for (i = 0; i < 50; i++)
		alarms += !!(make(machine, usual[(i * 5) % COUNT(usual)]) & GUARD_ALARM_TASK);
	assert_int_equal(alarms, 1); /* told once */
}

/* ... a profile of whose processes each makes few anomalies, as in the lpr attack ... */
static void profile_alarm(void **state)
{
	struct machine *machine = *state;
	uint32_t calls[COUNT(usual)];
	int i, runs;

	run_times(machine, usual, COUNT(usual), 128);
	assert_true(machine->profile.normal);
	machine->events = 0;
	memcpy(calls, usual, sizeof(calls));
	calls[COUNT(usual) - 1] = usual[0];
	for (runs = 0; runs < 1000 && !(machine->events & GUARD_ALARM_PROFILE); runs++)
		run(machine, calls, COUNT(calls));
	assert_true(machine->events & GUARD_ALARM_PROFILE);
	assert_int_equal(runs, guard_span_limit(&machine->rule, &machine->profile));
	assert_true(runs <= 11);
	assert_false(machine->events & (GUARD_ALARM_TASK | GUARD_ALARM_CALL));
	for (i = 0; i < 5000; i++) { /* one anomaly in 128 runs is what it may show */
		machine->events = 0;
		run(machine, i % 128 ? usual : calls, COUNT(usual));
		assert_false(i > 256 && machine->events & GUARD_ALARMS);
	}
}

/* ... and a call that was never made before. */
static void call_alarm(void **state)
{
	struct machine *machine = *state;

	make_all(machine, usual, COUNT(usual));
	normalize(machine);
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, usual, 4);
	assert_int_equal(machine->events, 0);
	assert_true(make(machine, 59) & GUARD_ALARM_CALL);
	assert_false(make(machine, 59) & GUARD_ALARM_CALL);
	guard_task_exec(&machine->task, &machine->profile, 1);
	assert_true(make(machine, 59) & GUARD_ALARM_CALL); /* another process: just as bad */
	guard_tolerize(&machine->env, &machine->profile);
	guard_task_exec(&machine->task, &machine->profile, 1);
	assert_int_equal(make(machine, 59), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(lfc_returns_to_zero), TEST(attacker_is_not_learned), TEST(arms), TEST(does_not_arm_early),
		TEST(task_alarm), TEST(profile_alarm), TEST(call_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
