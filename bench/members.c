// SPDX-License-Identifier: GPL-2.0-or-later
/* 500 processes join one view: one by one, and as a cgroup in one call. They share its pages. */
#include <errno.h>
#include <fcntl.h>
#include <kview/kview.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "samples.h"
#include "util/cleanup.h"

#define PROCESSES 500
#define QUICK_PROCESSES 50
#define CGROUP "/sys/fs/cgroup/kview-bench"

DEFINE_CLEANUP(struct kview *, kview_close)

struct crowd {
	pid_t pids[PROCESSES];
	size_t count;
};

/* Ticks and bytes. */
static struct join {
	const char *method, *label;
	size_t processes;
	double all, least, median, most; /* by calls, if there are several; in all */
	double alone, together;		 /* memory with one member, and with all of them */
	unsigned int pages_alone, pages_together;
} joins[] = {
	{ .method = "by-pid", .label = "one by one" },
	{ .method = "by-cgroup", .label = "as a cgroup" },
};

static void crowd_end(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->count; i++)
		kill(crowd->pids[i], SIGKILL);
	while (crowd->count)
		waitpid(crowd->pids[--crowd->count], NULL, 0);
}

static int crowd_start(struct crowd *crowd, size_t count)
{
	while (crowd->count < count) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		crowd->pids[crowd->count++] = pid;
	}
	return 0;
}

static int move_to_cgroup(const struct crowd *crowd)
{
	_cleanup_(closep) int procs = -1;

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		return -errno;
	procs = open(CGROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs < 0)
		return -errno;
	for (size_t i = 0; i < crowd->count; i++) {
		if (dprintf(procs, "%d\n", crowd->pids[i]) < 0)
			return -errno;
	}
	return 0;
}

/* A view with a hook and one member, so that what it needs but once is there. */
static int open_view(struct bench *bench, struct join *join, struct kview **ret_view)
{
	struct kview_status status;
	int err = bench_open_view(bench, call_function(CALL_READ), ret_view);

	if (!err)
		err = kview_follow_pid(*ret_view, subject_pid(bench->traced));
	if (!err)
		err = bench_settled_status(&status);
	if (err)
		return err;
	join->alone = status.bytes;
	join->pages_alone = status.text_pages + status.table_pages;
	return 0;
}

static int join_by_pid(struct kview *view, const struct crowd *crowd, struct join *join)
{
	static uint64_t each[PROCESSES];
	struct figure figure;
	int err = 0;

	for (size_t i = 0; !err && i < crowd->count; i++) {
		uint64_t start = insns_now();

		err = kview_follow_pid(view, crowd->pids[i]);
		each[i] = insns_now() - start;
		join->all += each[i];
	}
	samples_sum_up(each, crowd->count, &figure);
	join->least = figure.min;
	join->median = figure.median;
	join->most = each[crowd->count - 1];
	return err;
}

static int join_by_cgroup(struct kview *view, const struct crowd *crowd, struct join *join)
{
	int err = move_to_cgroup(crowd);
	uint64_t start = insns_now();

	if (!err)
		err = kview_add_cgroup(view, CGROUP);
	join->all = insns_now() - start;
	return err;
}

static int count_members(const struct kview_view_status *view, void *data)
{
	*(size_t *)data += view->members;
	return 0;
}

/* All are in, and what that takes. */
static int weigh(struct join *join)
{
	struct kview_status status;
	size_t members = 0;
	int err = bench_settled_status(&status);

	if (!err)
		err = kview_each_view(count_members, &members);
	if (err)
		return err;
	join->together = status.bytes;
	join->pages_together = status.text_pages + status.table_pages;
	return members == join->processes + 1 ? 0 : -EBADMSG;
}

static void print_join(struct bench *bench, const struct join *join)
{
	results_print(bench->results,
		      "\"method\": \"%s\", \"members\": %zu, \"total\": %.0f, \"least\": %.0f, \"median\": %.0f, "
		      "\"most\": %.0f, \"unit\": \"virtual ns\", \"bytes\": %.0f, \"bytes_one_member\": %.0f, "
		      "\"pages\": %u, \"pages_one_member\": %u",
		      join->method, join->processes, join->all, join->least, join->median, join->most, join->together,
		      join->alone, join->pages_together, join->pages_alone);
}

static int run_join(struct bench *bench, const struct crowd *crowd, struct join *join,
		    int (*add)(struct kview *view, const struct crowd *crowd, struct join *join))
{
	_cleanup_(kview_closep) struct kview *view = NULL;
	int err = open_view(bench, join, &view);

	bench_progress("%zu processes join a view, %s", crowd->count, join->label);
	join->processes = crowd->count;
	if (!err)
		err = add(view, crowd, join);
	if (!err)
		err = weigh(join);
	if (!err)
		print_join(bench, join);
	return err;
}

static int run(struct bench *bench)
{
	struct crowd crowd = {};
	int err = crowd_start(&crowd, bench->quick ? QUICK_PROCESSES : PROCESSES);

	if (!err)
		err = run_join(bench, &crowd, &joins[0], join_by_pid);
	if (!err)
		err = run_join(bench, &crowd, &joins[1], join_by_cgroup);
	crowd_end(&crowd);
	rmdir(CGROUP);
	return err;
}

static void print_table(const struct bench *bench, FILE *out)
{
	const struct join *pid = &joins[0], *cgroup = &joins[1];

	(void)bench;
	fprintf(out, "\n%zu processes join a view that has one member, milliseconds of guest time\n\n", pid->processes);
	fprintf(out, "    one by one     %8.2f   each %.4f to %.4f, median %.4f\n", pid->all / 1e6, pid->least / 1e6,
		pid->most / 1e6, pid->median / 1e6);
	fprintf(out, "    as a cgroup    %8.2f   in one call\n", cgroup->all / 1e6);
	fprintf(out, "\n  pages of the view %u before, %u after; %.0f bytes of records per member\n", pid->pages_alone,
		pid->pages_together, (pid->together - pid->alone) / pid->processes);
}

const struct benchmark benchmark_members = {
	.name = "members",
	.help = "500 processes join one view: time and memory",
	.run = run,
	.table = print_table,
};
