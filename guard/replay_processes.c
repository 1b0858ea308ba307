// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/replay_internal.h"

#include <errno.h>

/* --- who runs --- */

static struct guard_replay_profile *profile_of(const struct guard_replay *replay, const struct guard_runner *runner)
{
	const struct guard_process *process = guard_list_at(&replay->processes, runner->process);

	return guard_list_at(&replay->profiles, process->profile);
}

/* @runner goes on as a new process of a profile. */
static int begin_process(struct guard_replay *replay, struct guard_runner *runner, uint32_t pid, uint32_t profile)
{
	struct guard_replay_profile *its = guard_list_at(&replay->profiles, profile);
	struct guard_process *process = guard_list_add(&replay->processes);

	if (!process)
		return -ENOMEM;
	its->processes++;
	*process = (struct guard_process){ .trace = replay->files.count - 1, .pid = pid, .profile = profile };
	runner->process = replay->processes.count - 1;
	return 0;
}

static int new_runner(struct guard_replay *replay, uint32_t pid, struct guard_runner **ret_runner)
{
	struct guard_runner *runner = guard_list_add(&replay->runners);

	if (!runner || guard_pids_set(&replay->pids, pid, replay->runners.count - 1))
		return -ENOMEM;
	replay->last_pid = pid;
	replay->last_runner = replay->runners.count - 1;
	*ret_runner = runner;
	return 0;
}

/* Run @profile in @runner from its beginning. */
static int start(struct guard_replay *replay, struct guard_runner *runner, uint32_t pid, const char *name, size_t len)
{
	struct guard_replay_profile *its;
	uint32_t profile;
	int err;

	err = guard_replay_find_profile(replay, name, len, &profile);
	if (!err)
		err = begin_process(replay, runner, pid, profile);
	if (err)
		return err;
	its = guard_list_at(&replay->profiles, profile);
	runner->stide = (struct guard_stide_task){};
	if (its->profile)
		guard_task_exec(&runner->task, its->profile, profile + 1);
	return 0;
}

static struct guard_runner *find_runner(struct guard_replay *replay, uint32_t pid)
{
	uint32_t index = replay->last_runner;

	if (!replay->runners.count)
		return NULL;
	if (pid != replay->last_pid) {
		index = guard_pids_find(&replay->pids, pid);
		if (index == GUARD_PIDS_NONE)
			return NULL;
		replay->last_pid = pid;
		replay->last_runner = index;
	}
	return guard_list_at(&replay->runners, index);
}

static int get_runner(struct guard_replay *replay, uint32_t pid, struct guard_runner **ret_runner)
{
	int err;

	*ret_runner = find_runner(replay, pid);
	if (*ret_runner)
		return 0;
	err = new_runner(replay, pid, ret_runner);
	return err ? err : start(replay, *ret_runner, pid, "", 0);
}

/* --- what happens --- */

static void note_alarm(struct guard_replay_profile *profile, uint32_t events)
{
	if (!(events & GUARD_ALARM_PROFILE) || profile->alarm_after)
		return;
	profile->alarm_after = profile->calls;
	profile->alarm_processes = profile->processes;
}

/* What is said to be training goes on being that. */
static void note_normal(const struct guard_replay *replay, struct guard_replay_profile *profile, uint32_t events)
{
	if (!(events & GUARD_BECAME_NORMAL))
		return;
	if (!profile->normal_count++) {
		profile->normal_after = profile->calls;
		profile->normal_processes = profile->processes;
		profile->expected_novel = profile->profile->normal_novel;
		profile->expected_spans = profile->profile->normal_spans;
	}
	if (replay->label == GUARD_LABEL_TRAIN)
		guard_train(profile->profile);
}

static void note_events(struct guard_replay *replay, struct guard_process *process,
			struct guard_replay_profile *profile, uint32_t events)
{
	struct guard_trace_file *file = guard_list_at(&replay->files, process->trace);

	process->events |= events;
	file->events |= events;
	if (events & GUARD_ANOMALY && !process->anomalies++)
		process->first_anomaly = process->calls;
	if (events & GUARD_ALARMS && !process->first_alarm)
		process->first_alarm = process->calls;
	note_alarm(profile, events);
	note_normal(replay, profile, events);
}

static int call_stide(struct guard_replay *replay, struct guard_runner *runner, struct guard_process *process,
		      uint32_t number)
{
	struct guard_stide *stide = guard_list_at(&replay->stides, process->profile);
	uint32_t lfc, events = 0;
	int unknown;

	stide->testing = replay->testing;
	unknown = guard_stide_call(stide, &runner->stide, number);
	if (unknown < 0)
		return unknown;
	if (!unknown || !replay->testing)
		return 0;
	lfc = guard_stide_lfc(&runner->stide);
	events = GUARD_ANOMALY | (lfc > replay->opts.rule.lfc_limit ? GUARD_ALARM_TASK : 0);
	if (lfc > process->max_lfc)
		process->max_lfc = lfc;
	note_events(replay, process, profile_of(replay, runner), events);
	return 0;
}

static int call(struct guard_replay *replay, const struct guard_trace_event *event)
{
	struct guard_replay_profile *profile;
	struct guard_process *process;
	struct guard_verdict verdict = {};
	struct guard_runner *runner;
	int err;

	err = get_runner(replay, event->pid, &runner);
	if (err)
		return err;
	process = guard_list_at(&replay->processes, runner->process);
	profile = guard_list_at(&replay->profiles, process->profile);
	process->calls++;
	profile->calls++;
	replay->env.now++;
	if (!profile->profile)
		return call_stide(replay, runner, process, event->number);
	guard_call(&replay->env, &replay->opts.rule, profile->profile, &runner->task, event->number, &verdict);
	if (runner->task.max_lfc > process->max_lfc)
		process->max_lfc = runner->task.max_lfc;
	if (verdict.events)
		note_events(replay, process, profile, verdict.events);
	return 0;
}

/* What the end of a process, or of the program in it, means to its profile. */
static void leave(struct guard_replay *replay, struct guard_runner *runner)
{
	struct guard_process *process = guard_list_at(&replay->processes, runner->process);
	struct guard_replay_profile *profile = guard_list_at(&replay->profiles, process->profile);
	uint32_t events = 0;

	if (profile->profile)
		events = guard_task_exit(&replay->env, &replay->opts.rule, profile->profile, &runner->task);
	runner->task.calls = 0;
	if (events)
		note_events(replay, process, profile, events);
}

static int exec(struct guard_replay *replay, const struct guard_trace_event *event)
{
	struct guard_runner *runner = find_runner(replay, event->pid);
	int err = 0;

	if (runner)
		leave(replay, runner);
	else
		err = new_runner(replay, event->pid, &runner);
	return err ? err : start(replay, runner, event->pid, event->name, event->name_len);
}

static int fork_child(struct guard_replay *replay, const struct guard_trace_event *event)
{
	struct guard_runner *parent, *child, copy;
	uint32_t profile;
	int err;

	err = get_runner(replay, event->pid, &parent);
	if (err)
		return err;
	copy = *parent; /* the list may move */
	profile = ((struct guard_process *)guard_list_at(&replay->processes, copy.process))->profile;
	err = new_runner(replay, event->number, &child);
	if (!err)
		err = begin_process(replay, child, event->number, profile);
	if (err)
		return err;
	guard_task_fork(&child->task, &copy.task);
	child->stide = copy.stide;
	return 0;
}

int guard_replay_event(const struct guard_trace_event *event, void *data)
{
	struct guard_replay *replay = data;
	struct guard_runner *runner;
	int err;

	switch (event->kind) {
	case GUARD_TRACE_CALL:
		return call(replay, event);
	case GUARD_TRACE_FORK:
		return fork_child(replay, event);
	case GUARD_TRACE_EXEC:
		return exec(replay, event);
	default:
		break;
	}
	err = get_runner(replay, event->pid, &runner);
	if (err)
		return err;
	if (event->kind == GUARD_TRACE_SIGNAL)
		guard_task_signal(&runner->task);
	else if (event->kind == GUARD_TRACE_SIGRETURN)
		guard_task_sigreturn(&runner->task);
	else
		leave(replay, runner);
	return 0;
}

/* --- a file --- */

void guard_replay_begin_processes(struct guard_replay *replay)
{
	replay->runners.count = 0;
	guard_pids_deinit(&replay->pids);
}

void guard_replay_end_processes(struct guard_replay *replay)
{
	struct guard_runner *runner;

	guard_list_each(&replay->runners, runner)
		leave(replay, runner);
}
