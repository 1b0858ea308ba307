// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_metrics.h"

#include <stddef.h>

#include "guard_events.h"
#include "monitor/daemon/metrics.h"
#include "scope.h"

#define PER_PROFILE 7
#define OTHERS 64

#define GUARD_METRIC(id, kind, text) static const struct metric_desc id = { "kview_guard_" #id, text, kind, 1, {} }
#define PROFILE_METRIC(id, text) \
	static const struct metric_desc id = { "kview_guard_" #id, text, METRIC_GAUGE, 1, { "program" } }

GUARD_METRIC(profiles, METRIC_GAUGE, "Programs that are told apart.");
GUARD_METRIC(profiles_normal, METRIC_GAUGE, "Programs that are judged; the others train.");
GUARD_METRIC(profiles_max, METRIC_GAUGE, "Programs there is room for.");
GUARD_METRIC(blocks, METRIC_GAUGE, "Blocks of memory in use by programs of more than 64 distinct calls.");
GUARD_METRIC(blocks_max, METRIC_GAUGE, "Blocks of memory there are.");
static const struct metric_desc tasks_desc = { "kview_guard_tasks",
					       "Processes and threads that are guarded.",
					       METRIC_GAUGE,
					       1,
					       {} };
GUARD_METRIC(start_time_seconds, METRIC_GAUGE, "When the guard began, in seconds since 1970.");
GUARD_METRIC(saved_time_seconds, METRIC_GAUGE, "When it saved the profiles last; 0: not yet.");
GUARD_METRIC(saving_fails, METRIC_GAUGE, "1 while what is new cannot be saved.");
GUARD_METRIC(alarms_total, METRIC_COUNTER, "Alarms, told one by one or not.");
GUARD_METRIC(suppressed_total, METRIC_COUNTER, "Alarms, responses and new programs that were not told one by one.");
GUARD_METRIC(failed_saves_total, METRIC_COUNTER, "Times saving what is new failed when it was due.");
GUARD_METRIC(lost_history_total, METRIC_COUNTER, "Events that were given up before they could be saved.");

/* What becomes of these when a profile is reset makes them no counters. */
PROFILE_METRIC(profile_normal, "1: judged, 0: training.");
PROFILE_METRIC(profile_calls, "Calls, by whole spans.");
PROFILE_METRIC(profile_distinct_calls, "Different calls.");
PROFILE_METRIC(profile_anomalies, "Anomalies since the profile is normal.");
PROFILE_METRIC(profile_alarms, "Alarms.");
PROFILE_METRIC(profile_suppressed, "Alarms and responses that were not told one by one.");
PROFILE_METRIC(profile_lost, "Calls that could not be learned for want of room.");

/* All that the kernel had to leave out, and what it did. */
static const struct {
	struct metric_desc desc;
	size_t offset;
} counters[] = {
#define COUNTER(field, text)                                                     \
	{                                                                        \
		{ "kview_guard_" #field "_total", text, METRIC_COUNTER, 1, {} }, \
			offsetof(struct guard_counters, field)                   \
	}
	COUNTER(no_profile, "Programs there was no room for."),
	COUNTER(no_block, "Calls a program got no memory for."),
	COUNTER(no_task, "Processes and threads that could not be followed."),
	COUNTER(lost_events, "Events for which the kernel had no room."),
	COUNTER(lost_frames, "Windows of nested signal handlers that were lost."),
	COUNTER(unmatched_returns, "Returns of signal handlers that were not seen to begin."),
	COUNTER(killed, "Processes killed."),
	COUNTER(held, "Times a process was stopped or slowed."),
	COUNTER(not_held, "Times a process should have been, and too many were."),
	COUNTER(not_continued, "Times others tried to let one go on that was."),
	COUNTER(holders_died, "Times the process that lets others go on was killed, and replaced."),
	COUNTER(refused, "Programs that may not be started."),
#undef COUNTER
};

static int put(struct metrics *metrics, const struct metric_desc *desc, const char *program, double value)
{
	const char *labels[METRIC_LABELS] = { program };
	struct metric *metric;
	int err;

	err = metrics_get(metrics, desc, labels, &metric);
	if (err)
		return err;
	if (desc->type == METRIC_COUNTER)
		metric_add(metric, value);
	else
		metric_set(metric, value);
	return 0; /* it stays as long as all of them */
}

static int put_guard(struct metrics *metrics, struct guard_state *state, size_t normal, size_t tasks)
{
	const struct guard_settings *settings = guard_kernel_settings(state->programs->kernel);
	const struct guard_counters *kernel = guard_kernel_counters(state->programs->kernel);
	const struct {
		const struct metric_desc *desc;
		double value;
	} values[] = {
		{ &profiles, guard_kernel_profile_count(state->programs->kernel) },
		{ &profiles_normal, normal },
		{ &profiles_max, settings->profile_max },
		{ &blocks, kernel->blocks < settings->block_max ? kernel->blocks : settings->block_max },
		{ &blocks_max, settings->block_max },
		{ &tasks_desc, tasks },
		{ &start_time_seconds, guard_wall_time(state->start) },
		{ &saved_time_seconds, state->saved ? guard_wall_time(state->saved) : 0 },
		{ &saving_fails, guard_state_is_failing(state) },
		{ &alarms_total, state->alarms },
		{ &suppressed_total, state->limit.suppressed },
		{ &failed_saves_total, state->failed_saves },
		{ &lost_history_total, guard_history_lost(state->history) },
	};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(values) / sizeof(values[0]); i++)
		err = put(metrics, values[i].desc, NULL, values[i].value);
	for (i = 0; !err && i < sizeof(counters) / sizeof(counters[0]); i++)
		err = put(metrics, &counters[i].desc, NULL,
			  *(const __u64 *)((const char *)kernel + counters[i].offset));
	return err;
}

/* As long as its path is not known, a name may be that of several. */
static int put_profile(struct metrics *metrics, struct guard_state *state, uint32_t number,
		       const struct guard_profile *profile)
{
	const char *name = guard_programs_name(state->programs, number);
	char unknown[64];
	const struct {
		const struct metric_desc *desc;
		double value;
	} values[] = {
		{ &profile_normal, profile->normal },
		{ &profile_calls, profile->calls_seen },
		{ &profile_distinct_calls, profile->id_count < GUARD_IDS ? profile->id_count : GUARD_IDS },
		{ &profile_anomalies, profile->anomalies },
		{ &profile_alarms, profile->alarms },
		{ &profile_suppressed, guard_limit_suppressed(&state->limit, number) },
		{ &profile_lost, profile->lost },
	};
	size_t i;
	int err = 0;

	if (*name != '/') {
		snprintf(unknown, sizeof(unknown), "%.40s (%u)", name, number);
		name = unknown;
	}
	for (i = 0; !err && i < sizeof(values) / sizeof(values[0]); i++)
		err = put(metrics, values[i].desc, name, values[i].value);
	return err;
}

static int count_task(const struct guard_task_record *record, void *data)
{
	(void)record;
	++*(size_t *)data;
	return 0;
}

int guard_metrics_write(struct guard_state *state, FILE *out)
{
	uint32_t number, count = guard_kernel_profile_count(state->programs->kernel);
	_cleanup_(metrics_freep) struct metrics *metrics = NULL;
	const struct guard_profile *profile;
	size_t normal = 0, tasks = 0;
	int err;

	err = metrics_new((size_t)count * PER_PROFILE + OTHERS, &metrics);
	for (number = 1; !err && number <= count; number++) {
		profile = guard_kernel_profile(state->programs->kernel, number);
		normal += !!profile->normal;
		err = put_profile(metrics, state, number, profile);
	}
	if (err)
		return err;
	guard_kernel_each_task(state->programs->kernel, count_task, &tasks);
	err = put_guard(metrics, state, normal, tasks);
	return err ?: metrics_write_prometheus(metrics, out);
}
