// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A recording. On a CPU, events of the chosen threads alone are sampled: nobody else pays, with the module or
 * without. Where threads wait is seen where they leave their CPU, by all threads of the machine, and a filter lets
 * only the chosen ones through.
 */
#include "flame.h"

#include <errno.h>
#include <inttypes.h>
#include <kview/kview.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "cli.h"
#include "format.h"
#include "log.h"
#include "monitor/frame_name.h"
#include "monitor/recorder.h"
#include "scope.h"
#include "table.h"
#include "wait.h"

#define REFRESH_NS 200000000 /* how often to look what has been mapped */
#define TOP 10		     /* functions told of; the file has them all */


struct flame {
	struct flame_options *options;
	struct flame_file file;
	struct recorder *recorder;
	struct wait wait;
	int refresh; /* timerfd */
	int64_t start_ns; /* CLOCK_REALTIME */
	struct flame_tree *tree;
	struct recorder_stats stats;
};

static int open_file(struct flame *flame)
{
	flame->file = (struct flame_file){ .path = flame->options->target.output, .type = flame->options->type };
	return flame_file_open(&flame->file);
}

static int open_targets(struct flame *flame)
{
	return targets_open(&flame->options->target.targets);
}

static int open_recorder(struct flame *flame)
{
	const struct recorder_options options = { .off_cpu = flame->options->off_cpu, .hz = flame->options->hz };
	int err;

	log_clear();
	err = recorder_open(&options, &flame->recorder);
	if (err == -EPERM || err == -EACCES)
		return cli_fail(err, "needs root, or CAP_BPF and CAP_PERFMON", "flame");
	return err ? cli_fail(err, log_cause(), "flame: cannot be loaded") : CLI_OK;
}

static int take_news(void *data)
{
	struct flame *flame = data;

	return recorder_read(flame->recorder);
}

static int take_refresh(void *data)
{
	struct flame *flame = data;
	uint64_t expirations;

	if (read(flame->refresh, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	return recorder_refresh(flame->recorder);
}

static int watch_recorder(struct flame *flame)
{
	const struct itimerspec often = { .it_value.tv_nsec = REFRESH_NS, .it_interval.tv_nsec = REFRESH_NS };

	flame->refresh = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (flame->refresh < 0 || timerfd_settime(flame->refresh, 0, &often, NULL))
		return -errno;
	return loop_add(flame->wait.loop, flame->refresh, take_refresh, flame) ?:
		       loop_add(flame->wait.loop, recorder_fd(flame->recorder), take_news, flame);
}

static int open_wait(struct flame *flame)
{
	int err, code;

	code = wait_open(&flame->wait, &flame->options->target.targets);
	if (code)
		return code;
	err = watch_recorder(flame);
	return err ? cli_fail(err, NULL, "flame") : CLI_OK;
}

static int start_command(struct flame *flame)
{
	return targets_start(&flame->options->target.targets);
}

/* --- whom to record ------------------------------------------------------------------------------------------------- */

static int add_process(struct flame *flame, pid_t pid, bool tree)
{
	int err = recorder_add_process(flame->recorder, pid, tree);

	if (err == -ESRCH)
		return cli_fail(err, "there is no such process", "pid %d", pid);
	if (err == -EOPNOTSUPP)
		return cli_fail(err, "--off-cpu cannot follow forks from inside a pid namespace; use --cgroup",
				"flame");
	return err ? cli_fail(err, NULL, "pid %d: cannot be recorded", pid) : CLI_OK;
}

/* Why a cgroup cannot be recorded; NULL: the error says it. */
static const char *explain_group(int err)
{
	switch (err) {
	case -E2BIG:
		return "more than 16 cgroups";
	case -ENOENT:
		return "its hierarchy has no perf events yet; give it any controller (cgroup.subtree_control)";
	default:
		return NULL;
	}
}

static int add_group(struct flame *flame, const struct group *group)
{
	_cleanup_(closep) int fd = -1;
	int err;

	err = group->container ? kview_find_container(group->name, &fd) : kview_find_cgroup(group->name, &fd);
	if (err)
		return cli_refused(err, kview_reason(NULL), "flame");
	err = recorder_add_cgroup(flame->recorder, fd);
	return err ? cli_fail(err, explain_group(err), "%s: cannot be recorded", group->name) : CLI_OK;
}

static int add_targets(struct flame *flame)
{
	struct targets *targets = &flame->options->target.targets;
	struct timespec time;
	int code = CLI_OK, err;

	clock_gettime(CLOCK_REALTIME, &time);
	flame->start_ns = time.tv_sec * 1000000000LL + time.tv_nsec;
	wait_start(&flame->wait);
	for (size_t i = 0; i < targets->count && !code; i++)
		code = add_process(flame, targets->list[i].pid, targets->list[i].kind == TARGET_TREE);
	for (size_t i = 0; i < targets->group_count && !code; i++)
		code = add_group(flame, &targets->groups[i]);
	if (code || !targets->argv)
		return code;
	code = add_process(flame, targets->child.pid, targets->follow != FOLLOW_NO);
	err = code ? 0 : child_release(&targets->child);
	return err ? cli_fail(err, NULL, "pid %d: cannot be let go", targets->child.pid) : code;
}

static int wait_for_end(struct flame *flame)
{
	if (flame->options->off_cpu)
		cli_note("every thread of the machine pays for the filter where it leaves its CPU, while this runs");
	return wait_run(&flame->wait, NULL, flame->options->target.duration);
}

static int finish(struct flame *flame)
{
	int err;

	err = recorder_finish(flame->recorder, &flame->tree, &flame->stats);
	return err ? cli_fail(err, NULL, "flame") : CLI_OK;
}

/* --- results -------------------------------------------------------------------------------------------------------- */

static double percent(const struct flame *flame, uint64_t part)
{
	return flame->stats.samples ? 100.0 * part / flame->stats.samples : 0;
}

/* What is missing, in a line each, to @tell. */
static void tell_missing(const struct flame *flame, void (*tell)(const char *line, void *data), void *data)
{
	const struct recorder_stats *stats = &flame->stats;
	const struct {
		uint64_t count;
		const char *what;
	} parts[] = {
		{ stats->truncated, "have frames missing: code without frame pointers" },
		{ stats->nameless, "have no names: their process had ended" },
		{ stats->stackless, "have no stack: too many different ones" },
	};
	char line[160];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].count)
			continue;
		snprintf(line, sizeof(line), "%.1f %% of the stacks %s", percent(flame, parts[i].count), parts[i].what);
		tell(line, data);
	}
	snprintf(line, sizeof(line), "%" PRIu64 " sample%s lost: too many different stacks", stats->lost,
		 format_plural(stats->lost));
	if (stats->lost)
		tell(line, data);
	if (stats->kernel_hidden)
		tell("the kernel's functions have no names: kernel.kptr_restrict hides them", data);
}

static void note_line(const char *line, void *data)
{
	(void)data;
	cli_note("%s", line);
}

static void join_line(const char *line, void *data)
{
	char **text = data, *longer;

	if (asprintf(&longer, "%s%s%s", *text ?: "", *text ? "; " : "", line) < 0)
		return;
	free(*text);
	*text = longer;
}

/* Whom the picture is about. */
static const char *subject(const struct flame *flame, char buf[64])
{
	const struct targets *targets = &flame->options->target.targets;

	if (targets->argv)
		return targets->argv[0];
	if (targets->group_count)
		return targets->groups[0].name;
	snprintf(buf, 64, "process %d%s", targets->list[0].pid, targets->count > 1 ? " and others" : "");
	return buf;
}

static int write_file(struct flame *flame)
{
	_cleanup_(freep) char *title = NULL, *note = NULL;
	struct flame_picture picture = { .times = { .start_ns = flame->start_ns } };
	char buf[64];

	picture.times.duration_ns = flame->wait.end_ns - flame->wait.start_ns;
	picture.times.period_ns = flame->options->off_cpu ? 0 : 1000000000 / flame->options->hz;
	if (asprintf(&title, "%s: %s, %.3g s", subject(flame, buf),
		     flame->options->off_cpu ? "time off CPU" : "CPU time", wait_seconds(&flame->wait)) < 0)
		return cli_fail(-ENOMEM, NULL, "flame");
	tell_missing(flame, join_line, &note);
	picture.title = title;
	picture.note = note;
	return flame_file_write(&flame->file, flame->tree, &picture);
}

static int print_table(const struct flame *flame, FILE *out, const struct flame_function *list, size_t count)
{
	_cleanup_(table_freep) struct table *table = table_new();
	struct frame_name name;

	if (!table)
		return -ENOMEM;
	table_column(table, TABLE_RIGHT, "SELF");
	table_column(table, TABLE_RIGHT, "TOTAL");
	table_column(table, TABLE_LEFT, "FUNCTION");
	for (size_t i = 0; i < count && i < TOP && list[i].self; i++) {
		name = frame_name_parse(list[i].name);
		table_cell(table, "%.1f %%", 100.0 * list[i].self / flame->stats.value);
		table_cell(table, "%.1f %%", 100.0 * list[i].total / flame->stats.value);
		table_cell(table, "%.*s%s", (int)name.len, name.text,
			   name.kind == FRAME_NAME_KERNEL ? " (kernel)" : "");
	}
	return flame->stats.value ? table_print(table, out, 0) : 0;
}

static json_t *describe_function(const struct flame_function *function)
{
	static const char *const kinds[] = { "user", "kernel", "jit", "unknown" };
	struct frame_name name = frame_name_parse(function->name);

	return json_pack("{s:s%, s:s, s:I, s:I}", "name", name.text, name.len, "kind", kinds[name.kind], "self",
			 (json_int_t)function->self, "total", (json_int_t)function->total);
}

static int print_json(const struct flame *flame, FILE *out, const struct flame_function *list, size_t count)
{
	const struct recorder_stats *stats = &flame->stats;
	_cleanup_(json_decrefp) json_t *json = NULL, *functions = json_array();
	bool off_cpu = flame->options->off_cpu;

	for (size_t i = 0; functions && i < count; i++)
		if (json_array_append_new(functions, describe_function(&list[i])))
			return -ENOMEM;
	json = json_pack("{s:s, s:s, s:s, s:f, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "file", flame->file.path,
			 "kind", off_cpu ? "off-cpu" : "on-cpu", "ended", wait_end_name(&flame->wait), "seconds",
			 wait_seconds(&flame->wait), "unit", off_cpu ? "ns" : "samples", "value",
			 (json_int_t)stats->value, "samples", (json_int_t)stats->samples, "lost",
			 (json_int_t)stats->lost, "stackless", (json_int_t)stats->stackless, "nameless",
			 (json_int_t)stats->nameless, "truncated", (json_int_t)stats->truncated, "processes",
			 (json_int_t)stats->processes, "functions", functions);
	return json ? cli_print_document(out, json) : -ENOMEM;
}

/* Where the file itself is standard output, nothing else may be. */
static int print_summary(struct flame *flame)
{
	_cleanup_(freep) struct flame_function *list = NULL;
	bool taken = !strcmp(flame->file.path, "-");
	size_t count;
	int err;

	err = flame_tree_functions(flame->tree, &list, &count);
	if (!err && !taken)
		err = flame->options->shared.json ? print_json(flame, stdout, list, count) :
						    print_table(flame, stdout, list, count);
	if (err)
		return cli_fail(err, NULL, "flame");
	tell_missing(flame, note_line, NULL);
	cli_note("%s: %" PRIu64 " %s%s of %zu process%s in %.3g s", flame->file.path, flame->stats.samples,
		 flame->options->off_cpu ? "wait" : "sample", format_plural(flame->stats.samples),
		 flame->stats.processes, flame->stats.processes == 1 ? "" : "es", wait_seconds(&flame->wait));
	targets_tell_command(&flame->options->target.targets);
	return CLI_OK;
}

static void flame_deinit(struct flame *flame)
{
	targets_deinit(&flame->options->target.targets);
	flame_file_deinit(&flame->file);
	recorder_close(flame->recorder);
	flame_tree_free(flame->tree);
	wait_deinit(&flame->wait);
	closep(&flame->refresh);
}

static int (*const steps[])(struct flame *flame) = {
	open_targets, open_recorder, open_file, open_wait,  start_command,
	add_targets,  wait_for_end,  finish,	write_file, print_summary,
};

int flame_record(struct flame_options *options)
{
	_cleanup_(flame_deinit) struct flame flame = { .options = options, .wait = WAIT_NONE, .refresh = -1 };
	int code = CLI_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !code; i++)
		code = steps[i](&flame);
	return code;
}
