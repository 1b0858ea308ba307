// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cli.h"
#include "log.h"

static int open_output(struct run *run)
{
	run->out = stdout;
	if (run->options->output)
		run->out = fopen(run->options->output, "we");
	if (!run->out)
		return cli_fail(-errno, NULL, "%s", run->options->output);
	return CLI_OK;
}

static int refuse_object(const char *path, int err)
{
	char why[256];

	/* Anything else is about what is inside the file. */
	if (err == -ENOENT || err == -EACCES || err == -EISDIR)
		return cli_fail(err, NULL, "%s", path);
	snprintf(why, sizeof(why), "not a BPF object file (%s)", *log_cause() ? log_cause() : strerror(-err));
	return cli_fail(err, why, "%s", path);
}

static int open_object(struct run *run)
{
	const char *path = run->options->object;

	log_clear();
	run->obj = bpf_object__open_file(path, NULL);
	if (!run->obj)
		return refuse_object(path, -errno);
	if (!bpf_object__next_program(run->obj, NULL))
		return cli_fail(-EINVAL, "the object has no programs", "%s", path);
	return CLI_OK;
}

static int open_targets(struct run *run)
{
	return targets_open(run->targets);
}

static int open_view(struct run *run)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .mode = run->options->mode };
	int err;

	opts.interrupts = run->options->interrupts;

	opts.name = bpf_object__name(run->obj);
	err = kview_open(&opts, &run->view);
	if (err)
		return cli_refused(err, kview_reason(NULL), "run");
	if (run->options->mode == KVIEW_MODE_AUTO && kview_mode(run->view) == KVIEW_MODE_ORDINARY)
		run->fallback = strdup(kview_reason(run->view));
	return CLI_OK;
}

static int load_object(struct run *run)
{
	int err;

	log_clear();
	err = bpf_object__load(run->obj);
	if (!err)
		return CLI_OK;
	cli_fail(err, log_cause(), "%s: cannot be loaded", run->options->object);
	log_print_verifier();
	/* We have every privilege there is, so EACCES and EPERM are the verifier's opinion of the program. */
	return CLI_FAILED;
}

static int open_records(struct run *run)
{
	int err;

	err = records_open(run->obj, run->out, run->options->shared.json, &run->records);
	return err ? cli_fail(err, NULL, "%s: cannot read its buffers", run->options->object) : CLI_OK;
}

/* Without the lines there is still the rest: worth a note, not a failure. */
static int open_printk(struct run *run)
{
	int err;

	if (!printk_is_used(run->obj))
		return CLI_OK;
	err = printk_open(run->out, run->options->shared.json, &run->printk);
	if (err)
		cli_note("bpf_printk: lines cannot be shown: %s", *log_cause() ? log_cause() : strerror(-err));
	return CLI_OK;
}

static int attach_object(struct run *run)
{
	int err;

	err = kview_attach_object(run->view, run->obj, NULL);
	if (err)
		return cli_refused(err, kview_reason(run->view), "%s", run->options->object);
	return CLI_OK;
}

static int start_command(struct run *run)
{
	if (!run->options->command)
		return CLI_OK;
	return targets_start(run->targets, run->options->command);
}

static void watch_printk(struct printk_stream *printk, const struct targets *targets, const struct kview *view, uint64_t start)
{
	size_t i;

	printk_start(printk, start);
	if (targets_grow(targets, view))
		printk_add_everybody(printk);
	for (i = 0; i < targets->count; i++)
		printk_add_pid(printk, targets->list[i].pid);
	if (targets->child.pid)
		printk_add_pid(printk, targets->child.pid);
}

static int join_members(struct run *run)
{
	int code;

	run->start_ns = run_now();
	if (run->printk)
		watch_printk(run->printk, run->targets, run->view, run->start_ns);
	code = targets_join(run->targets, run->view);
	if (!code && run->fallback)
		cli_note("%s; in ordinary mode every process pays for the filter before each program", run->fallback);
	return code;
}

static void run_deinit(struct run *run)
{
	targets_deinit(run->targets);
	kview_closep(&run->view);
	records_closep(&run->records);
	printk_closep(&run->printk);
	bpf_object__closep(&run->obj);
	loop_freep(&run->loop);
	free(run->fallback);
	closep(&run->signals);
	closep(&run->timer);
	if (run->out && run->out != stdout)
		fclose(run->out);
}

/*
 * Whatever can be wrong is found before anything is attached, all is attached before the first process becomes a member,
 * and a command runs no instruction before that.
 */
static int (*const steps[])(struct run *run) = {
	open_output, open_object,   open_targets,  open_view,	  load_object, open_records, open_printk,
	attach_object, run_loop_open, start_command, join_members, run_loop,	  run_report,
};

int run(const struct run_options *options, struct targets *targets)
{
	_cleanup_(run_deinit) struct run run = { .options = options, .targets = targets, .signals = -1, .timer = -1 };
	size_t i;
	int code;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		code = steps[i](&run);
		if (code)
			return code;
	}
	return CLI_OK;
}
