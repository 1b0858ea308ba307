// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a run: let the members go, collect what there is to tell, detach, tell it. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "cli.h"
#include "format.h"
#include "hooks.h"
#include "maps.h"
#include "run.h"

/* Windows in which a view's hooks had to be set aside, as kview_each_view() tells them. */
struct aside {
	uint32_t view;
	uint64_t count;
	uint64_t ns;
};

static int find_aside(const struct kview_view_status *view, void *data)
{
	struct aside *aside = data;

	if (view->id != aside->view)
		return 0;
	aside->count = view->aside_count;
	aside->ns = view->aside_ns;
	return 1;
}

static int add_aside(const struct run *run, json_t *json)
{
	struct aside aside = { .view = kview_id(run->view) };

	if (!aside.view)
		return 0;
	kview_each_view(find_aside, &aside);
	return json_object_set_new(json, "aside", json_pack("{s:I, s:I}", "count", (json_int_t)aside.count, "ns",
							    (json_int_t)aside.ns));
}

static json_t *describe_lost(const struct run *run)
{
	return json_pack("{s:I, s:I}", "records", (json_int_t)records_lost(run->records), "printk",
			 (json_int_t)(run->printk ? printk_lost(run->printk) : 0));
}

static json_t *describe(const struct run *run)
{
	const struct targets *targets = &run->options->target.targets;
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:s, s:s, s:s, s:s*, s:s, s:f, s:o, s:o, s:o}", "event", "result", "object", run->options->object,
			 "mode", kview_mode_name(kview_mode(run->view)), "fallback", run->fallback, "ended", wait_end_name(&run->wait), "seconds",
			 wait_seconds(&run->wait), "processes", targets_describe_processes(targets), "programs",
			 hooks_read(run->view), "lost", describe_lost(run));
	if (!json || add_aside(run, json))
		return NULL;
	if (targets->argv && json_object_set_new(json, "command", targets_describe_command(targets)))
		return NULL;
	return TAKE_PTR(json);
}

static json_int_t number_at(const json_t *json, const char *object, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(json, object), name));
}

/* What is missing in the results is told even to those who did not ask for statistics. */
static void tell_losses(const json_t *json)
{
	json_int_t missed = hooks_missed(json_object_get(json, "programs")), records = number_at(json, "lost", "records"),
		   lines = number_at(json, "lost", "printk"), windows = number_at(json, "aside", "count");
	char time[FORMAT_LEN];

	if (missed)
		cli_note("%" PRId64 " event%s missed: another BPF program was running on that processor", (int64_t)missed,
			 format_plural(missed));
	if (windows)
		cli_note("events could not be seen for %s in %" PRId64 " window%s: others were patching the kernel",
			 format_ns(time, number_at(json, "aside", "ns")), (int64_t)windows, format_plural(windows));
	if (records)
		cli_note("%" PRId64 " record%s lost: the perf buffer was full", (int64_t)records, format_plural(records));
	if (lines)
		cli_note("%" PRId64 " line%s of bpf_printk lost", (int64_t)lines, format_plural(lines));
}

/* After what programs or the command have printed, and after the terminal's "^C". */
static bool needs_break(const struct run *run)
{
	if (run->out != stdout)
		return false;
	return run->options->target.targets.argv || run->printk || (run->wait.end == WAIT_SIGNAL && isatty(STDOUT_FILENO));
}

static int print_tables(const struct run *run, const json_t *json)
{
	const json_t *maps = json_object_get(json, "maps");
	int err;

	if (needs_break(run))
		fputc('\n', run->out);
	if (run->options->verbosity) {
		err = hooks_print(json_object_get(json, "programs"), run->out);
		if (err)
			return err;
		if (json_array_size(maps))
			fputc('\n', run->out);
	}
	return maps_print(maps, run->out);
}

static int print_report(const struct run *run, const json_t *json)
{
	int err;

	if (run->options->shared.json)
		err = cli_print_record(run->out, json);
	else
		err = print_tables(run, json);
	return fflush(run->out) ? -errno : err;
}

int run_report(struct run *run)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	int err;

	/* Nothing changes any more from here on: counts and maps tell of the same events. */
	targets_leave(&run->options->target.targets, run->view);
	records_drain(run->records);
	if (run->printk)
		printk_drain(run->printk);
	json = describe(run);
	kview_closep(&run->view);
	run->view = NULL;
	if (!json || json_object_set_new(json, "maps", maps_read(run->obj, run->options->all)))
		return cli_fail(-ENOMEM, NULL, "run");
	err = print_report(run, json);
	if (err)
		return cli_fail(err, NULL, "%s", run->options->target.output ?: "standard output");
	tell_losses(json);
	targets_tell_command(&run->options->target.targets);
	return CLI_OK;
}
