// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine, call by call; and that none of what was wrong with pH's and ebpH's is in it. */
#include <stdbool.h>
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

static const struct guard_rule defaults = GUARD_RULE_DEFAULTS;

static int setup(void **state)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	assert_non_null(machine);
	machine->env.blocks = machine->blocks;
	machine->env.count = BLOCKS;
	machine->env.used = &machine->blocks_used;
	machine->rule = defaults;
	guard_task_exec(&machine->task, &machine->profile, 1);
	*state = machine;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static uint32_t make(struct machine *machine, uint32_t call)
{
	machine->env.now++;
	guard_call(&machine->env, &machine->rule, &machine->profile, &machine->task, call, &machine->last);
	machine->events |= machine->last.events;
	return machine->last.events;
}

static void make_all(struct machine *machine, const uint32_t *calls, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		make(machine, calls[i]);
}

/* The program runs from its beginning to its end, in the same task. */
static void run(struct machine *machine, const uint32_t *calls, size_t count)
{
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, calls, count);
	machine->events |= guard_task_exit(&machine->env, &machine->rule, &machine->profile, &machine->task);
}

static void run_times(struct machine *machine, const uint32_t *calls, size_t count, int times)
{
	while (times--)
		run(machine, calls, count);
}

static const uint32_t usual[] = { 12, 9, 257, 0, 3, 10, 9, 11, 1, 1, 3, 231 };

static void normalize(struct machine *machine)
{
	guard_normalize(&machine->env, &machine->profile);
	machine->events = 0;
}

/* --- the published rule, written down a second time and in the plainest way --- */

#define MODEL_CALLS 300

struct model {
	uint8_t train[MODEL_CALLS + 1][MODEL_CALLS + 1], test[MODEL_CALLS + 1][MODEL_CALLS + 1];
	uint64_t train_count, last_mod_count, anomalies, normal_time;
	bool normal, frozen;
};

struct model_task {
	int window[GUARD_LOOKAHEAD]; /* the last call first; MODEL_CALLS: none */
	uint8_t locality[GUARD_LOCALITY];
	int at, lfc;
};

static void model_begin(struct model_task *task)
{
	int i;

	memset(task, 0, sizeof(*task));
	for (i = 0; i < GUARD_LOOKAHEAD; i++)
		task->window[i] = MODEL_CALLS;
}

static int model_misses(uint8_t (*table)[MODEL_CALLS + 1], const struct model_task *task, int call, bool set)
{
	int i, misses = 0;

	for (i = 0; i < GUARD_LOOKAHEAD; i++) {
		misses += !(table[call][task->window[i]] & 1 << i);
		if (set)
			table[call][task->window[i]] |= 1 << i;
	}
	return misses;
}

static void model_train(struct model *model, struct model_task *task, int call, uint64_t now)
{
	uint64_t before;

	model->train_count++;
	if (model_misses(model->train, task, call, true)) {
		model->last_mod_count = 0;
		model->frozen = false;
		return;
	}
	model->last_mod_count++;
	before = model->train_count - model->last_mod_count;
	if (!model->frozen && before > 0 && model->train_count * 32 > before * 128) {
		model->frozen = true;
		model->normal_time = now + 50;
	}
}

static bool model_test(struct model *model, struct model_task *task, int call)
{
	bool anomaly = model_misses(model->test, task, call, false);

	model->anomalies += anomaly;
	task->lfc += anomaly - task->locality[task->at];
	task->locality[task->at] = anomaly;
	task->at = (task->at + 1) % GUARD_LOCALITY;
	if (task->lfc > 12)
		memcpy(model->train, model->test, sizeof(model->train));
	if (model->anomalies > 30)
		model->normal = false;
	return anomaly;
}

/* Becomes normal: the frames of all tasks, of which the test has one at a time, are cleared. */
static bool model_call(struct model *model, struct model_task *task, int call, uint64_t now)
{
	bool anomaly = false;

	model_train(model, task, call, now);
	if (model->frozen && now > model->normal_time) {
		memcpy(model->test, model->train, sizeof(model->test));
		model->normal = true;
		model->frozen = false;
		model->train_count = model->last_mod_count = model->anomalies = 0;
		memset(task->locality, 0, sizeof(task->locality));
		task->lfc = 0;
	}
	if (model->normal)
		anomaly = model_test(model, task, call);
	memmove(task->window + 1, task->window, sizeof(task->window) - sizeof(task->window[0]));
	task->window[0] = call;
	return anomaly;
}

/* What a program does next: mostly the usual, rarely something else, for some time something else altogether. */
static uint32_t next_call(uint32_t *seed, uint32_t last, uint32_t distinct, bool strange)
{
	*seed = *seed * 1103515245 + 12345;
	if (*seed >> 16 & (strange ? 1 : 4095))
		return (last * 7 + 3) % distinct;
	return (*seed >> 8) % distinct;
}

static void same_as_published(struct machine *machine, uint32_t distinct, uint32_t seed, int *ret_normal, int *ret_back)
{
	struct model *model = calloc(1, sizeof(*model));
	struct model_task task;
	uint32_t call = 0;
	bool anomaly, was;
	int i;

	assert_non_null(model);
	machine->rule.kind = GUARD_RULE_PH;
	machine->rule.normal_wait = 50;
	model_begin(&task);
	for (i = 0; i < 400000; i++) {
		if (!(i % 20000)) {
			guard_task_exec(&machine->task, &machine->profile, 1);
			model_begin(&task);
		}
		call = next_call(&seed, call, distinct, i % 50000 > 49900);
		was = model->normal;
		make(machine, call);
		anomaly = model_call(model, &task, call, machine->env.now);
		*ret_normal += !was && model->normal;
		*ret_back += was && !model->normal;
		if (anomaly != !!(machine->last.events & GUARD_ANOMALY) || machine->task.lfc != task.lfc ||
		    machine->profile.normal != model->normal || machine->profile.frozen != model->frozen ||
		    machine->profile.train_count != model->train_count)
			fail_msg("call %d: anomaly %d lfc %d normal %d frozen %d expected", i, anomaly, task.lfc,
				 model->normal, model->frozen);
	}
	free(model);
}

static void published_rule(void **state)
{
	struct machine *machine = *state;
	int normal = 0, back = 0;
	uint32_t distinct[] = { 12, 40, 63, 64, 65, 130, 253 };
	size_t i;

	for (i = 0; i < COUNT(distinct); i++) {
		memset(&machine->profile, 0, sizeof(machine->profile));
		memset(machine->blocks, 0, sizeof(machine->blocks));
		machine->blocks_used = 0;
		same_as_published(machine, distinct[i], 7 + i, &normal, &back);
		assert_int_equal(machine->profile.lost, 0);
	}
	assert_true(normal > 5); /* that the comparison was of something */
	assert_true(back > 0);
}

/* --- the fourteen defects --- */

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

/* Of a call that is put off nothing is judged twice, nor of the handlers that come first and of what ends them. */
static void put_off(void **state)
{
	static const uint32_t calls[] = { 1, 2, 3 };
	struct machine *machine = *state;
	uint64_t window;

	run_times(machine, calls, 3, 3);
	guard_task_put_off(&machine->task);
	window = machine->task.window;
	assert_true(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));

	/* Two handlers, one in the other, that make the same call. */
	guard_task_put_off(&machine->task);
	guard_task_signal(&machine->task);
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));
	guard_task_signal(&machine->task);
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 9, 1));
	guard_task_sigreturn(&machine->task);
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));
	assert_true(guard_task_again(&machine->env, &machine->profile, &machine->task, 9, 1));
	assert_int_equal(machine->task.depth, 0);
	assert_true(machine->task.window == window);
	assert_true(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));

	/* Another call than that: the process was told to do something else. */
	guard_task_put_off(&machine->task);
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 2, 0));
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));

	/* It is given up, but not by a handler that comes before. */
	guard_task_put_off(&machine->task);
	guard_task_signal(&machine->task);
	guard_task_give_up(&machine->task);
	guard_task_sigreturn(&machine->task);
	assert_true(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));
	guard_task_put_off(&machine->task);
	guard_task_give_up(&machine->task);
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));

	/* A handler is left for good. */
	guard_task_signal(&machine->task);
	guard_task_put_off(&machine->task);
	guard_task_sigreturn(&machine->task);
	assert_false(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));
}

/* Nor does the call that is made again go the short way, because a handler's calls are usual. */
static void put_off_and_usual(void **state)
{
	static const uint32_t calls[] = { 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 };
	struct machine *machine = *state;

	run(machine, calls, COUNT(calls));
	guard_task_exec(&machine->task, &machine->profile, 1);
	make_all(machine, calls, COUNT(calls));
	guard_task_signal(&machine->task);
	make(machine, 1);
	guard_task_sigreturn(&machine->task);
	normalize(machine);
	make(machine, 3);
	guard_task_put_off(&machine->task);
	guard_task_signal(&machine->task);
	make(machine, 1);
	assert_int_equal(machine->events, 0);
	assert_true(machine->task.short_calls > 0);
	assert_true(guard_task_again(&machine->env, &machine->profile, &machine->task, 9, 1));
	assert_false(guard_call_usual(&machine->profile, &machine->task, 3, guard_slot(3)));
	assert_true(guard_task_again(&machine->env, &machine->profile, &machine->task, 3, 0));
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

/* --- what people ask for --- */

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

static void sizes(void **state)
{
	(void)state;
	assert_true(sizeof(struct guard_profile) <= 9 * 1024);
	assert_true(sizeof(struct guard_task) <= 96);
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(published_rule),	  TEST(lfc_returns_to_zero),
		TEST(high_numbers),	  TEST(number_spaces),
		TEST(slots_meet),	  TEST(attacker_is_not_learned),
		TEST(fork_copies_window), TEST(losses_are_counted),
		TEST(ids_run_out),	  TEST(signal_frames),
		TEST(handler_is_apart),	  TEST(arms),
		TEST(short_way),	  TEST(put_off),
		TEST(does_not_arm_early), TEST(task_alarm),
		TEST(profile_alarm),	  TEST(call_alarm),
		TEST(operator_actions),	  TEST(freeze),
		TEST(generations),	  TEST(sizes),
		TEST(reset),		  TEST(met_in_the_middle),
		TEST(met_and_learned),	  TEST(met_in_a_handler),
		TEST(met_as_published),	  TEST(put_off_and_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
