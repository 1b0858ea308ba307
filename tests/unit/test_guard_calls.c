// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls and their numbers: none is taken for another, and what cannot be kept is counted. */
#include "guard_engine.h"

/* 2. All numbers there are can be learned, and none is taken for another. */
static void high_numbers(void **state)
{
	static const uint32_t calls[] = { 449, 450, 451, 462, 466, 469, 500, 510 };
	struct machine *machine = *state;
	uint32_t number, other;

	run_times(machine, calls, COUNT(calls), 2);
	normalize(machine);
	run(machine, calls, COUNT(calls));
	assert_int_equal(machine->events, 0);
	assert_int_equal(machine->profile.id_count, COUNT(calls));
	for (number = 0; number < GUARD_NUMBER_MAX; number++)
		assert_int_equal(guard_call_number(GUARD_SPACE_64, number), number);
	other = guard_call_number(GUARD_SPACE_64, 511);
	assert_int_equal(other, GUARD_NUMBER_MAX);
	assert_int_equal(guard_call_number(GUARD_SPACE_64, -1), other);
	assert_int_equal(guard_call_number(GUARD_SPACE_64, 100000), other);
	assert_int_equal(guard_call_number(GUARD_SPACE_64, 1ULL << 40 | 3), other);
	assert_int_equal(make(machine, other) & GUARD_ALARM_CALL, GUARD_ALARM_CALL);
}

/* 3. getpid of a 64-bit program is writev of an x32 one and mkdir of a 32-bit one. 10. io_uring has its own, too. */
static void number_spaces(void **state)
{
	struct machine *machine = *state;
	uint32_t i, calls[] = {
		guard_call_number(GUARD_SPACE_64, 39),
		guard_call_number(GUARD_SPACE_32, 39),
		guard_call_number(GUARD_SPACE_64, 39 | GUARD_X32_BIT),
		guard_call_number(GUARD_SPACE_IO_URING, 39),
	};

	assert_int_equal(calls[2], guard_call_number(GUARD_SPACE_X32, 39));
	assert_int_equal(guard_call_number(GUARD_SPACE_64, 520 | GUARD_X32_BIT),
			 guard_call_number(GUARD_SPACE_X32, GUARD_NUMBER_MAX));
	make(machine, calls[0]);
	normalize(machine);
	for (i = 1; i < COUNT(calls); i++) {
		guard_task_exec(&machine->task, &machine->profile, 1);
		assert_true(make(machine, calls[i]) & GUARD_ALARM_CALL);
	}
	assert_int_equal(machine->profile.id_count, COUNT(calls));
	for (i = 0; i < COUNT(calls); i++)
		assert_int_equal(guard_call_of(&machine->env, &machine->profile, i), calls[i]);
}

/* The slots of two spaces meet; every call keeps its id, in any order. */
static void slots_meet(void **state)
{
	struct machine *machine = *state;
	uint32_t i, number, ids[GUARD_IDS];

	for (i = 0; i < GUARD_IDS; i++) {
		number = guard_call_number(i % 4, i * 7 % 300);
		ids[i] = guard_id(&machine->env, &machine->profile, number);
		assert_true(ids[i] < GUARD_IDS);
	}
	for (i = GUARD_IDS; i-- > 0;) {
		number = guard_call_number(i % 4, i * 7 % 300);
		assert_int_equal(guard_id(&machine->env, &machine->profile, number), ids[i]);
		assert_int_equal(guard_call_of(&machine->env, &machine->profile, ids[i]), number);
	}
}

/* 8. What cannot be kept is counted. */
static void losses_are_counted(void **state)
{
	struct machine *machine = *state;
	uint32_t i;

	machine->env.count = 2;
	for (i = 0; i < 400; i++)
		make(machine, i);
	assert_true(machine->profile.lost > 0);
	assert_int_equal(machine->blocks_used, 2);
	normalize(machine);
	assert_true(make(machine, 399) & GUARD_ALARM_CALL); /* not learned, and so not taken for known */
}

static void ids_run_out(void **state)
{
	struct machine *machine = *state;
	uint32_t i;

	for (i = 0; i < 500; i++)
		make(machine, i);
	assert_int_equal(machine->profile.id_count, GUARD_IDS);
	assert_true(machine->profile.lost >= 500 - GUARD_IDS);
	assert_int_equal(guard_id(&machine->env, &machine->profile, GUARD_IDS - 1), GUARD_IDS - 1);
	assert_int_equal(guard_id(&machine->env, &machine->profile, GUARD_IDS), GUARD_ID_LOST);
}

/* The short way of usual calls changes nothing but the time: all calls the long way end in the same records. */
static void short_way(void **state)
{
	struct machine *machine = *state, *other;
	uint32_t seed = 7, call, usual_calls = 0, granted, i;
	struct guard_task task;
	void *second;

	setup(&second);
	other = second;
	for (i = 0; i < 200000; i++) {
		seed = seed * 1103515245 + 12345;
		call = seed >> 16 & 7;
		if (!(seed >> 20 & 0x3ff))
			call = seed >> 8 & 0x7ff;
		if (i % 5000 == 4999) {
			guard_task_signal(&machine->task);
			guard_task_signal(&other->task);
		} else if (i % 5000 == 100) {
			guard_task_sigreturn(&machine->task);
			guard_task_sigreturn(&other->task);
		} else if (i == 60000) {
			normalize(machine);
			normalize(other);
		}
		granted = machine->task.short_calls;
		make(machine, call);
		usual_calls += granted && machine->task.short_calls == granted - 1;
		other->env.now++;
		guard_call_any(&other->env, &other->rule, &other->profile, &other->task, call, &other->last);
		assert_memory_equal(&machine->last, &other->last, sizeof(other->last));
		guard_task_settle(&other->task);
		task = machine->task;
		guard_task_settle(&task);
		assert_memory_equal(&task, &other->task, sizeof(task));
	}
	assert_memory_equal(&machine->profile, &other->profile, sizeof(other->profile));
	assert_memory_equal(machine->blocks, other->blocks, sizeof(other->blocks));
	assert_true(usual_calls > 10000 && usual_calls < 139000);
	teardown(&second);
}

static void sizes(void **state)
{
	(void)state;
	assert_true(sizeof(struct guard_profile) <= 9 * 1024);
	assert_true(sizeof(struct guard_task) <= 96);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(high_numbers), TEST(number_spaces), TEST(slots_meet), TEST(losses_are_counted),
		TEST(ids_run_out), TEST(short_way), TEST(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
