// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "cli.h"
#include "scope.h"

static int open_output(struct tracing *tracing)
{
	return target_options_open_output(&tracing->options->target, &tracing->out);
}

static int open_targets(struct tracing *tracing)
{
	return targets_open(&tracing->options->target.targets);
}

static int open_view(struct tracing *tracing)
{
	return target_options_open_view(&tracing->options->target, "trace", &tracing->view, &tracing->fallback);
}

static int find_hooks(struct tracing *tracing)
{
	enum kview_mode mode = kview_mode(tracing->view);
	size_t i;
	int code;

	for (i = 0; i < tracing->options->pattern_count; i++) {
		code = trace_hooks_add(&tracing->hooks, tracing->options->patterns[i], mode);
		if (code)
			return code;
	}
	trace_describe_syscalls(&tracing->hooks);
	trace_describe_functions(&tracing->hooks);
	trace_describe_events(&tracing->hooks);
	return CLI_OK;
}

/* Whoever reads what we print has gone: no reason to go on. */
static int take_event(const struct trace_event *event, size_t size, void *data)
{
	struct tracing *tracing = data;
	int err;

	err = trace_print_event(&tracing->printer, event, size);
	if (err)
		return err;
	return ferror(tracing->out) ? -EIO : 0;
}

static void flush_events(void *data)
{
	struct tracing *tracing = data;

	fflush(tracing->out);
}

static int open_object(struct tracing *tracing)
{
	struct trace_object_options options = {
		.counting = tracing->options->counts,
		.buffer = tracing->options->buffer,
		.take = take_event,
		.pause = flush_events,
		.data = tracing,
	};

	tracing->printer = (struct trace_printer){
		.out = tracing->out,
		.json = tracing->options->shared.json,
		.hooks = &tracing->hooks,
	};
	return trace_object_open(tracing->view, &tracing->hooks, &options, &tracing->object);
}

/* In ordinary mode a hook can take three descriptors. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int attach(struct tracing *tracing)
{
	struct rlimit limit = {};
	int code;

	getrlimit(RLIMIT_NOFILE, &limit);
	allow_descriptors();
	code = trace_object_attach(tracing->object, tracing->view, &tracing->hooks);
	/* Commands get the limit that was there before. */
	if (limit.rlim_max)
		setrlimit(RLIMIT_NOFILE, &limit);
	if (!code)
		trace_hooks_tell_skipped(&tracing->hooks, tracing->options->verbosity);
	return code;
}

static int open_wait(struct tracing *tracing)
{
	int code, err;

	code = wait_open(&tracing->wait, &tracing->options->target.targets);
	if (code)
		return code;
	err = trace_object_watch(tracing->object, tracing->wait.loop);
	return err ? cli_fail(err, NULL, "trace") : CLI_OK;
}

static int start_command(struct tracing *tracing)
{
	return targets_start(&tracing->options->target.targets);
}

static int join_members(struct tracing *tracing)
{
	int code;

	wait_start(&tracing->wait);
	tracing->printer.start_ns = tracing->wait.start_ns;
	code = targets_join(&tracing->options->target.targets, tracing->view);
	if (!code)
		target_options_note_fallback(tracing->fallback);
	return code;
}

static int wait_for_end(struct tracing *tracing)
{
	return wait_run(&tracing->wait, tracing->view, tracing->options->target.duration);
}

static void tracing_deinit(struct tracing *tracing)
{
	targets_deinit(&tracing->options->target.targets);
	kview_closep(&tracing->view);
	trace_object_closep(&tracing->object);
	trace_hooks_deinit(&tracing->hooks);
	wait_deinit(&tracing->wait);
	free(tracing->fallback);
	if (tracing->out && tracing->out != stdout)
		fclose(tracing->out);
}

/* As in run.c: nothing is attached before all else is known to be right. */
static int (*const steps[])(struct tracing *tracing) = {
	open_output, open_targets, open_view,	  find_hooks,	open_object,  attach,
	open_wait,   start_command, join_members, wait_for_end, trace_report,
};

int trace(struct trace_options *options)
{
	_cleanup_(tracing_deinit) struct tracing tracing = { .options = options, .wait = WAIT_NONE };
	size_t i;
	int code;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		code = steps[i](&tracing);
		if (code)
			return code;
	}
	return CLI_OK;
}
