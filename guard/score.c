// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/score.h"

#include <math.h>
#include <string.h>

#include "util/cleanup.h"

#define CONFIDENCE 0.95

/* A trace is as bad as the worst of its processes. */
struct worst {
	uint32_t max_lfc;
	bool any, alarm;
};

double guard_share_rate(struct guard_share share)
{
	return share.of ? (double)share.count / share.of : NAN;
}

/* The chance of at most @count events when @expected are. */
static double poisson_below(uint64_t count, double expected)
{
	double term = exp(-expected), sum = term;
	uint64_t i;

	for (i = 1; i <= count; i++) {
		term *= expected / i;
		sum += term;
	}
	return sum;
}

double guard_rate_bound(uint64_t count, uint64_t of)
{
	double low = count, high = of, middle;
	int i;

	if (!of || count >= of || count > 500) /* exp() of more underflows, and nobody needs it */
		return 1;
	if (poisson_below(count, high) > 1 - CONFIDENCE)
		return 1;
	for (i = 0; i < 60; i++) {
		middle = (low + high) / 2;
		if (poisson_below(count, middle) > 1 - CONFIDENCE)
			low = middle;
		else
			high = middle;
	}
	return high / of;
}

static void count(struct guard_share *share, bool found)
{
	share->count += found;
	share->of++;
}

static void count_criterion(struct guard_criterion *criterion, enum guard_label label, bool found)
{
	if (label == GUARD_LABEL_ATTACK)
		count(&criterion->attack_processes, found);
	else if (label == GUARD_LABEL_NORMAL)
		count(&criterion->normal, found);
}

static void count_process(struct guard_score *score, const struct guard_process *process, enum guard_label label,
			  uint32_t lfc_limit, struct worst *worst)
{
	bool any = process->anomalies, alarm = process->events & GUARD_ALARMS;
	uint32_t i;

	score->processes[label]++;
	count_criterion(&score->any, label, any);
	count_criterion(&score->task, label, process->max_lfc > lfc_limit);
	count_criterion(&score->alarm, label, alarm);
	for (i = 0; i <= GUARD_LOCALITY; i++)
		count_criterion(&score->points[i].found, label, process->max_lfc > i);
	worst->any |= any;
	worst->alarm |= alarm;
	if (process->max_lfc > worst->max_lfc)
		worst->max_lfc = process->max_lfc;
}

static void count_attack(struct guard_score *score, const struct worst *worst, uint32_t lfc_limit)
{
	uint32_t i;

	count(&score->any.attacks, worst->any);
	count(&score->task.attacks, worst->max_lfc > lfc_limit);
	count(&score->alarm.attacks, worst->alarm);
	for (i = 0; i <= GUARD_LOCALITY; i++)
		count(&score->points[i].found.attacks, worst->max_lfc > i);
}

/* The area below the lines between the points, from nothing found to all found. */
static double area(const struct guard_score *score)
{
	double x = 1, y = 1, next_x, next_y, sum = 0;
	uint32_t i;

	if (!score->any.attacks.of || !score->any.normal.of)
		return NAN;
	for (i = 0; i <= GUARD_LOCALITY; i++) {
		next_x = guard_share_rate(score->points[i].found.normal);
		next_y = guard_share_rate(score->points[i].found.attacks);
		sum += (x - next_x) * (y + next_y) / 2;
		x = next_x;
		y = next_y;
	}
	return sum + x * y / 2;
}

static bool same_point(const struct guard_roc_point *a, const struct guard_roc_point *b)
{
	return a->found.attacks.count == b->found.attacks.count && a->found.normal.count == b->found.normal.count &&
	       a->found.attack_processes.count == b->found.attack_processes.count;
}

/* The limit in use always has its point. */
static void drop_equal_points(struct guard_score *score, uint32_t lfc_limit)
{
	uint32_t i;

	score->point_count = 1;
	for (i = 1; i <= GUARD_LOCALITY; i++)
		if (i == lfc_limit || !same_point(&score->points[i], &score->points[score->point_count - 1]))
			score->points[score->point_count++] = score->points[i];
}

static int compare_calls(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return (first > second) - (first < second);
}

static void take_times(struct guard_score *score, uint64_t *calls, size_t number)
{
	if (!number)
		return;
	qsort(calls, number, sizeof(*calls), compare_calls);
	score->alarm_calls[0] = calls[0];
	score->alarm_calls[1] = calls[number / 2];
	score->alarm_calls[2] = calls[number - 1];
}

static void count_files(struct guard_score *score, const struct guard_trace_file *files, size_t file_count,
			const struct worst *worst, uint32_t lfc_limit)
{
	size_t i;

	for (i = 0; i < file_count; i++) {
		score->traces[files[i].label]++;
		score->calls[files[i].label] += files[i].calls;
		if (files[i].label == GUARD_LABEL_ATTACK)
			count_attack(score, &worst[i], lfc_limit);
	}
}

int guard_score(const struct guard_replay *replay, uint32_t lfc_limit, struct guard_score *ret_score)
{
	_cleanup_(freep) struct worst *worst = NULL;
	_cleanup_(freep) uint64_t *times = NULL;
	const struct guard_process *processes;
	const struct guard_trace_file *files;
	size_t i, file_count, process_count, time_count = 0;
	enum guard_label label;

	files = guard_replay_files(replay, &file_count);
	processes = guard_replay_processes(replay, &process_count);
	worst = calloc(file_count + 1, sizeof(*worst));
	times = calloc(process_count + 1, sizeof(*times));
	if (!worst || !times)
		return -ENOMEM;
	memset(ret_score, 0, sizeof(*ret_score));
	for (i = 0; i <= GUARD_LOCALITY; i++)
		ret_score->points[i].lfc = i;
	for (i = 0; i < process_count; i++) {
		label = files[processes[i].trace].label;
		count_process(ret_score, &processes[i], label, lfc_limit, &worst[processes[i].trace]);
		if (label == GUARD_LABEL_ATTACK && processes[i].first_alarm)
			times[time_count++] = processes[i].first_alarm;
	}
	count_files(ret_score, files, file_count, worst, lfc_limit);
	take_times(ret_score, times, time_count);
	ret_score->auc = area(ret_score);
	drop_equal_points(ret_score, lfc_limit);
	return 0;
}
