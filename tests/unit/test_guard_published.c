// SPDX-License-Identifier: GPL-2.0-or-later
/* The published rule of pH: the engine keeps to it, call by call. */
#include <stdbool.h>

#include "guard_engine.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(published_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
