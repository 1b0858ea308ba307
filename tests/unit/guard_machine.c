// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/clock.h"

#define TASKS 256
#define RECORDS 65536

struct guard_kernel {
	struct guard_env env;
	struct guard_settings settings;
	struct guard_counters counters;
	struct guard_profile *profiles;
	struct guard_task_record tasks[TASKS];
	struct guard_record *records;
	size_t record_count;
};

struct guard_kernel *machine_new(const struct guard_rule *rule, uint32_t profiles, uint32_t blocks)
{
	struct guard_kernel *machine = calloc(1, sizeof(*machine));

	machine->profiles = calloc(profiles, sizeof(*machine->profiles));
	machine->records = calloc(RECORDS, sizeof(*machine->records));
	machine->env.blocks = calloc(blocks, sizeof(*machine->env.blocks));
	machine->env.count = blocks;
	machine->env.used = &machine->counters.blocks;
	machine->settings.rule = *rule;
	machine->settings.profile_max = profiles;
	machine->settings.block_max = blocks;
	machine->env.now = clock_ns(CLOCK_BOOTTIME);
	return machine;
}

void machine_free(struct guard_kernel *machine)
{
	free(machine->env.blocks);
	free(machine->records);
	free(machine->profiles);
	free(machine);
}

void machine_sleep(struct guard_kernel *machine, double seconds)
{
	machine->env.now += seconds * 1e9;
}

/* --- guard/kernel.h --- */

uint32_t guard_kernel_profile_count(const struct guard_kernel *machine)
{
	return machine->counters.profiles;
}

struct guard_profile *guard_kernel_profile(const struct guard_kernel *machine, uint32_t number)
{
	return number && number <= machine->counters.profiles ? &machine->profiles[number - 1] : NULL;
}

int guard_kernel_profile_find(const struct guard_kernel *machine, const struct guard_identity *identity,
			      uint32_t *ret_number)
{
	uint32_t i;

	for (i = 0; i < machine->counters.profiles; i++) {
		if (memcmp(&machine->profiles[i].identity, identity, sizeof(*identity)))
			continue;
		*ret_number = i + 1;
		return 0;
	}
	return -ENOENT;
}

int guard_kernel_profile_new(struct guard_kernel *machine, const struct guard_identity *identity, const char *comm,
			     uint32_t *ret_number)
{
	struct guard_profile *profile;

	if (machine->counters.profiles == machine->settings.profile_max)
		return -ENOSPC;
	profile = &machine->profiles[machine->counters.profiles++];
	profile->identity = *identity;
	profile->created = machine->env.now;
	profile->response = machine->settings.response;
	snprintf(profile->comm, sizeof(profile->comm), "%s", comm);
	*ret_number = machine->counters.profiles;
	return 0;
}

/* Files that are not there are known by their names. */
int guard_identity_of(const char *path, struct guard_identity *ret_identity)
{
	struct stat status;
	uint64_t hash = 5381;

	if (!stat(path, &status)) {
		*ret_identity = (struct guard_identity){ status.st_dev, status.st_ino };
		return 0;
	}
	for (; *path; path++)
		hash = hash * 33 + (unsigned char)*path;
	*ret_identity = (struct guard_identity){ ~0ULL, hash };
	return 0;
}

struct guard_env *guard_kernel_env(struct guard_kernel *machine)
{
	return &machine->env;
}

const struct guard_counters *guard_kernel_counters(const struct guard_kernel *machine)
{
	return &machine->counters;
}

const struct guard_settings *guard_kernel_settings(const struct guard_kernel *machine)
{
	return &machine->settings;
}

int guard_kernel_each_task(struct guard_kernel *machine, guard_task_fn fn, void *data)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < TASKS; i++)
		if (machine->tasks[i].tgid)
			err = fn(&machine->tasks[i], data);
	return err;
}

/* As a kernel that was started without its BPF LSM. */
int guard_kernel_prepare(struct guard_kernel *machine, uint32_t responses)
{
	(void)machine;
	return responses & GUARD_RESPONSE_REFUSE_EXEC && !(responses & GUARD_RESPONSE_SPARED) ? -EOPNOTSUPP : 0;
}

/* --- what happens --- */

static struct guard_task_record *find(struct guard_kernel *machine, uint32_t tgid)
{
	size_t i;

	for (i = 0; i < TASKS; i++)
		if (machine->tasks[i].tgid == tgid)
			return &machine->tasks[i];
	return NULL;
}

static void tell(struct guard_kernel *machine, const struct guard_task_record *task, uint32_t call, uint32_t events)
{
	struct guard_record *record = &machine->records[machine->record_count];

	if (machine->record_count == RECORDS) {
		machine->counters.lost_events++;
		return;
	}
	machine->record_count++;
	*record = (struct guard_record){
		.time = machine->env.now,
		.tgid = task->tgid,
		.tid = task->tid,
		.profile = task->task.profile,
		.call = call,
		.events = events,
		.lfc = task->task.lfc,
		.calls = task->task.calls,
	};
	memcpy(record->comm, task->comm, sizeof(record->comm));
}

static void end_profile(struct guard_kernel *machine, struct guard_task_record *task)
{
	struct guard_profile *profile = guard_kernel_profile(machine, task->task.profile);
	uint32_t events;

	if (!profile)
		return;
	events = guard_task_exit(&machine->env, &machine->settings.rule, profile, &task->task);
	if (events)
		tell(machine, task, 0, events);
}

void machine_exec(struct guard_kernel *machine, uint32_t tgid, const char *path)
{
	struct guard_task_record *task = find(machine, tgid);
	const char *name = strrchr(path, '/');
	struct guard_identity identity;
	uint32_t number = 0;
	int err;

	if (task)
		end_profile(machine, task);
	else
		task = find(machine, 0);
	if (!task) {
		machine->counters.no_task++;
		return;
	}
	*task = (struct guard_task_record){ .tgid = tgid, .tid = tgid };
	strncpy(task->comm, name ? name + 1 : path, sizeof(task->comm) - 1);
	guard_identity_of(path, &identity);
	err = guard_kernel_profile_find(machine, &identity, &number);
	if (!err) {
		guard_task_exec(&task->task, guard_kernel_profile(machine, number), number);
		return;
	}
	if (guard_kernel_profile_new(machine, &identity, task->comm, &number)) {
		machine->counters.no_profile++;
		return;
	}
	guard_task_exec(&task->task, guard_kernel_profile(machine, number), number);
	tell(machine, task, 0, GUARD_NEW_PROFILE);
}

void machine_exit(struct guard_kernel *machine, uint32_t tgid)
{
	struct guard_task_record *task = find(machine, tgid);

	if (!task)
		return;
	end_profile(machine, task);
	memset(task, 0, sizeof(*task));
}

void machine_call(struct guard_kernel *machine, uint32_t tgid, uint32_t call)
{
	struct guard_task_record *task = find(machine, tgid);
	struct guard_profile *profile = task ? guard_kernel_profile(machine, task->task.profile) : NULL;
	struct guard_verdict verdict = {};

	if (!profile)
		return;
	guard_call(&machine->env, &machine->settings.rule, profile, &task->task, call, &verdict);
	if (verdict.events & ~GUARD_NOVELTY)
		tell(machine, task, call, verdict.events);
}

int machine_take(struct guard_kernel *machine, guard_record_fn fn, void *data)
{
	size_t i, count = machine->record_count;
	int err = 0;

	machine->record_count = 0;
	for (i = 0; !err && i < count; i++)
		err = fn(data, &machine->records[i], sizeof(machine->records[i]));
	return err;
}
