// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.h"

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "log.h"

static int open_output(struct run *run)
{
	return target_options_open_output(&run->options->target, &run->out);
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
	return targets_open(&run->options->target.targets);
}

static int open_view(struct run *run)
{
	return target_options_open_view(&run->options->target, bpf_object__name(run->obj), &run->view, &run->fallback);
}

static int load_object(struct run *run)
{
	int err;

	err = kview_prepare_object(run->view, run->obj);
	if (err)
		return cli_refused(err, kview_reason(run->view), "%s", run->options->object);
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
	err = printk_open(run->obj, run->out, run->options->shared.json, &run->printk);
	if (err)
		cli_note("bpf_printk: lines cannot be shown: %s", *log_cause() ? log_cause() : strerror(-err));
	else if (printk_of_everybody(run->printk))
		cli_note("bpf_printk: lines of all programs on this machine are shown, as the kernel hides where their code is "
			 "(kernel.kptr_restrict, net.core.bpf_jit_enable)");
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

static int open_wait(struct run *run)
{
	int code, err;

	code = wait_open(&run->wait, &run->options->target.targets);
	if (code)
		return code;
	err = records_watch(run->records, run->wait.loop);
	if (!err && run->printk)
		err = printk_watch(run->printk, run->wait.loop);
	return err ? cli_fail(err, NULL, "run") : CLI_OK;
}

static int start_command(struct run *run)
{
	return targets_start(&run->options->target.targets);
}

static int join_members(struct run *run)
{
	struct targets *targets = &run->options->target.targets;
	int code;

	wait_start(&run->wait);
	if (run->printk)
		printk_start(run->printk, run->wait.start_ns);
	code = targets_join(targets, run->view);
	if (!code)
		target_options_note_fallback(run->fallback);
	return code;
}

static int wait_for_end(struct run *run)
{
	return wait_run(&run->wait, run->view, run->options->target.duration);
}

static void run_deinit(struct run *run)
{
	targets_deinit(&run->options->target.targets);
	kview_closep(&run->view);
	records_closep(&run->records);
	printk_closep(&run->printk);
	bpf_object__closep(&run->obj);
	wait_deinit(&run->wait);
	free(run->fallback);
	if (run->out && run->out != stdout)
		fclose(run->out);
}

/*
 * Whatever can be wrong is found before anything is attached, all is attached before the first process becomes a member,
 * and a command runs no instruction before that.
 */
static int (*const steps[])(struct run *run) = {
	open_output, open_object,   open_targets,  open_view,	  load_object, open_records, open_printk,
	attach_object, open_wait,	    start_command, join_members,  wait_for_end, run_report,
};

int run(struct run_options *options)
{
	_cleanup_(run_deinit) struct run run = { .options = options, .wait = WAIT_NONE };
	size_t i;
	int code;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		code = steps[i](&run);
		if (code)
			return code;
	}
	return CLI_OK;
}
