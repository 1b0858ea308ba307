// SPDX-License-Identifier: GPL-2.0-or-later
/* Handlers of signals, whose calls are judged by themselves, and calls that are put off for them. */
#include <stdbool.h>

#include "guard_engine.h"

/* 9. Handlers in handlers in handlers. */
static void signal_frames(void **state)
{
	struct machine *machine = *state;
	uint64_t windows[GUARD_FRAMES + 3];
	int i;

	for (i = 0; i < GUARD_FRAMES + 3; i++) {
		make(machine, 10 + i);
		windows[i] = machine->task.window;
		guard_task_signal(&machine->task);
		assert_true(machine->task.window == ~0ULL);
	}
	assert_int_equal(machine->task.depth, GUARD_FRAMES);
	assert_int_equal(machine->task.lost_frames, 3);
	for (i = GUARD_FRAMES + 3; i-- > 3;) {
		guard_task_sigreturn(&machine->task);
		assert_true(machine->task.window == windows[i]);
	}
	assert_int_equal(machine->task.unmatched, 0);
	guard_task_sigreturn(&machine->task);
	assert_true(machine->task.window == ~0ULL);
	assert_int_equal(machine->task.unmatched, 1);
}

/* A handler's calls are in nobody's window but its own. */
static void handler_is_apart(void **state)
{
	struct machine *machine = *state;

	make_all(machine, usual, COUNT(usual));
	guard_task_exec(&machine->task, &machine->profile, 1);
	guard_task_signal(&machine->task);
	make(machine, 1);
	guard_task_sigreturn(&machine->task);
	make(machine, 12);
	normalize(machine);
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, usual, 4);
	guard_task_signal(&machine->task);
	make(machine, 1);
	guard_task_sigreturn(&machine->task);
	make_all(machine, usual + 4, COUNT(usual) - 4);
	assert_int_equal(machine->events, 0);
}

/* Calls, and which one ends a handler. */
enum { LAST = 3, OTHER = 2, RETURN = 9 };

static bool again(struct machine *machine, uint32_t call)
{
	return guard_task_again(&machine->env, &machine->profile, &machine->task, call, call == RETURN);
}

/* A task whose last call is put off. */
static void put_last_off(struct machine *machine)
{
	static const uint32_t calls[] = { 1, OTHER, LAST };

	run_times(machine, calls, COUNT(calls), 3);
	guard_task_put_off(&machine->task);
}

/* Of a call that is put off nothing is judged twice, nor of the handlers that come first and of what ends them. */
static void put_off(void **state)
{
	struct machine *machine = *state;
	uint64_t window;

	put_last_off(machine);
	window = machine->task.window;
	assert_true(again(machine, LAST));
	assert_false(again(machine, LAST));

	/* Two handlers, one in the other, that make the same call. */
	guard_task_put_off(&machine->task);
	guard_task_signal(&machine->task);
	assert_false(again(machine, LAST));
	guard_task_signal(&machine->task);
	assert_false(again(machine, RETURN));
	guard_task_sigreturn(&machine->task);
	assert_false(again(machine, LAST));
	assert_true(again(machine, RETURN));
	assert_int_equal(machine->task.depth, 0);
	assert_true(machine->task.window == window);
	assert_true(again(machine, LAST));
}

/* Another call than that: the process was told to do something else. */
static void put_off_and_other(void **state)
{
	struct machine *machine = *state;

	put_last_off(machine);
	assert_false(again(machine, OTHER));
	assert_false(again(machine, LAST));
}

/* It is given up, but not by a handler that comes before. */
static void put_off_and_given_up(void **state)
{
	struct machine *machine = *state;

	put_last_off(machine);
	guard_task_signal(&machine->task);
	guard_task_give_up(&machine->task);
	guard_task_sigreturn(&machine->task);
	assert_true(again(machine, LAST));
	guard_task_put_off(&machine->task);
	guard_task_give_up(&machine->task);
	assert_false(again(machine, LAST));

	/* A handler is left for good. */
	guard_task_signal(&machine->task);
	guard_task_put_off(&machine->task);
	guard_task_sigreturn(&machine->task);
	assert_false(again(machine, LAST));
}

/* Nor does the call that is made again go the short way, because a handler's calls are usual. */
static void put_off_and_usual(void **state)
{
	static const uint32_t calls[] = { 1, OTHER, LAST, LAST, LAST, LAST, LAST, LAST, LAST, LAST, LAST, LAST, LAST };
	struct machine *machine = *state;

	run(machine, calls, COUNT(calls));
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, calls, COUNT(calls));
	guard_task_signal(&machine->task);
	make(machine, 1);
	guard_task_sigreturn(&machine->task);
	normalize(machine);
	make(machine, LAST);
	guard_task_put_off(&machine->task);
	guard_task_signal(&machine->task);
	make(machine, 1);
	assert_int_equal(machine->events, 0);
	assert_true(machine->task.short_calls > 0);
	assert_true(again(machine, RETURN));
	assert_false(guard_call_usual(&machine->profile, &machine->task, LAST, guard_slot(LAST)));
	assert_true(again(machine, LAST));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(signal_frames), TEST(handler_is_apart), TEST(put_off), TEST(put_off_and_other),
		TEST(put_off_and_given_up), TEST(put_off_and_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
