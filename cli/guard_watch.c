// SPDX-License-Identifier: GPL-2.0-or-later
/* kview guard watch: guard processes, or the whole machine, and tell what happens until it ends. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "guard/score.h"
#include "guard_events.h"
#include "guard_watch.h"
#include "log.h"
#include "options.h"
#include "scope.h"

#define PROFILES 1024 /* 9 MiB */
#define BLOCKS 1024   /* 4 MiB, for programs of more than 64 distinct calls */

enum key {
	KEY_RULE = CLI_KEY_FIRST,
	KEY_LFC,
	KEY_NORMAL,
	KEY_RESPOND,
	KEY_STOP_TIME,
	KEY_SPARE,
};

static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0, "Guard all processes of the machine; all of them pay", 1 },
	{ "profiles", 's', "FILE", 0, "Begin with the profiles of this file, if it is there, and save them to it", 5 },
	{ "rule", KEY_RULE, "RULE", 0, "When training ends: rate (default) or ph, as published for pH", 5 },
	{ "lfc", KEY_LFC, "LIMIT", 0, "Anomalies among 128 calls that raise no alarm yet; default 12", 5 },
	{ "normal", KEY_NORMAL, NULL, 0, "Whatever the profiles of the file know is normal: train no more", 5 },
	{ "respond", KEY_RESPOND, "LIST", 0,
	  "What to do about alarms: any of slow, refuse-exec, stop, kill; never to process 1, nor kview", 5 },
	{ "spare", KEY_SPARE, "PATH|PID", 0,
	  "Do nothing about this program, or process, whatever its profile says; can be given again", 5 },
	{ "stop-time", KEY_STOP_TIME, "SECONDS", 0, "Let stopped processes go on after so long; default 60", 5 },
	{},
};

/* "guard watch", "guard serve" */
static const char *name_of(const struct guard_watch *watch)
{
	return watch->target.targets.command;
}

/* A process: digits alone. */
static bool add_spared_process(struct guard_watch *watch, const char *word)
{
	unsigned long pid = strtoul(word, NULL, 10);

	if (!*word || word[strspn(word, "0123456789")])
		return false;
	if (!pid || pid > INT_MAX || (kill(pid, 0) && errno == ESRCH))
		cli_usage("%s: --spare %s: expected a process that is there", name_of(watch), word);
	if (watch->spared_process_count == GUARD_SPARED_MAX)
		cli_usage("%s: --spare %s: expected at most %d processes", name_of(watch), word, GUARD_SPARED_MAX);
	watch->spared_processes[watch->spared_process_count++] = pid;
	return true;
}

/* As the kernel names what runs: without links. */
static void add_spared(struct guard_watch *watch, const char *path)
{
	char *real, **spared;
	size_t count;

	if (add_spared_process(watch, path))
		return;
	real = realpath(path, NULL);
	if (!real)
		cli_usage("%s: --spare %s: expected a program that is there: %s", name_of(watch), path,
			  strerror(errno));
	for (count = 0; watch->spared && watch->spared[count]; count++)
		;
	spared = reallocarray(watch->spared, count + 2, sizeof(*spared));
	if (!spared)
		cli_usage("%s: --spare %s: %s", name_of(watch), path, strerror(ENOMEM));
	spared[count] = real;
	spared[count + 1] = NULL;
	watch->spared = spared;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct guard_watch *watch = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &watch->target;
		return 0;
	case 'a':
		watch->machine = true;
		return 0;
	case 's':
		watch->file = arg;
		return 0;
	case KEY_RULE:
		watch->rule.kind = guard_parse_rule(name_of(watch) + strlen("guard "), arg);
		return 0;
	case KEY_LFC:
		watch->rule.lfc_limit = guard_parse_lfc(name_of(watch) + strlen("guard "), arg);
		return 0;
	case KEY_NORMAL:
		watch->normal = true;
		return 0;
	case KEY_RESPOND:
		watch->response = guard_parse_responses(name_of(watch) + strlen("guard "), arg);
		return 0;
	case KEY_SPARE:
		add_spared(watch, arg);
		return 0;
	case KEY_STOP_TIME:
		watch->stop_seconds = guard_parse_seconds(name_of(watch) + strlen("guard "), "--stop-time", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check(const struct guard_watch *watch)
{
	const struct targets *targets = &watch->target.targets;

	if (!watch->machine)
		target_options_check(&watch->target);
	else if (targets->count || targets->group_count)
		cli_usage("%s: both processes and --all given; one of them", name_of(watch));
	else if (watch->target.mode == KVIEW_MODE_VIEW)
		cli_usage("%s: --mode view: a view is of chosen processes, not of all", name_of(watch));
	if (watch->normal && !watch->file)
		cli_usage("%s: --normal: expected --profiles, too", name_of(watch));
}

static int open_output(struct guard_watch *watch)
{
	return target_options_open_output(&watch->target, &watch->out);
}

static int open_targets(struct guard_watch *watch)
{
	return targets_open(&watch->target.targets);
}

/* Cgroups without the module: a tracepoint of the whole machine that asks in which cgroup it is. */
static int open_view(struct guard_watch *watch)
{
	const struct targets *targets = &watch->target.targets;
	int code;

	if (watch->machine)
		return CLI_OK;
	code = target_options_open_view(&watch->target, "guard", &watch->view, &watch->fallback);
	if (code || !targets->group_count || kview_mode(watch->view) == KVIEW_MODE_VIEW)
		return code;
	if (targets->count || targets->argv)
		cli_usage("%s: without views: expected cgroups or processes, not both", name_of(watch));
	kview_closep(&watch->view);
	watch->view = NULL;
	return CLI_OK;
}

static int add_cgroup(struct guard_watch *watch, const struct group *group)
{
	_cleanup_(closep) int fd = -1;
	int err;

	err = group->container ? kview_find_container(group->name, &fd) : kview_find_cgroup(group->name, &fd);
	if (err)
		return cli_refused(err, kview_reason(NULL), "%s: %s", name_of(watch), group->name);
	err = guard_kernel_add_cgroup(watch->kernel, fd);
	return err ? cli_fail(err, NULL, "%s: %s", name_of(watch), group->name) : CLI_OK;
}

static int add_cgroups(struct guard_watch *watch)
{
	const struct targets *targets = &watch->target.targets;
	size_t i;
	int code = CLI_OK;

	for (i = 0; !code && !watch->view && i < targets->group_count; i++)
		code = add_cgroup(watch, &targets->groups[i]);
	return code;
}

static int open_kernel(struct guard_watch *watch)
{
	const struct guard_kernel_opts opts = {
		.rule = watch->rule,
		.profiles = PROFILES,
		.blocks = BLOCKS,
		.chosen = watch->view != NULL,
		.response = watch->response,
		.stop_seconds = watch->stop_seconds,
	};
	int err;

	log_clear();
	err = guard_kernel_open(&opts, &watch->kernel);
	return err ? cli_fail(err, log_cause(), "%s: the programs cannot be loaded", name_of(watch)) : CLI_OK;
}

static int spare_processes(struct guard_watch *watch)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < watch->spared_process_count; i++)
		err = guard_kernel_spare_process(watch->kernel, watch->spared_processes[i]);
	return err ? cli_fail(err, NULL, "%s: --spare %u", name_of(watch), watch->spared_processes[i - 1]) : CLI_OK;
}

static void print_replaced(void *data, uint32_t number)
{
	struct guard_watch *watch = data;
	_cleanup_(json_decrefp) json_t *event =
		json_pack("{s:f, s:[s], s:s}", "time", guard_wall_time(guard_kernel_env(watch->kernel)->now), "events",
			  "replaced", "program", guard_programs_name(&watch->programs, number));

	if (event)
		guard_event_print(watch->out, event, watch->shared.json);
}

static int load_profiles(struct guard_watch *watch)
{
	int err = 0;

	if (watch->file)
		err = guard_store_open(watch->file, &watch->store);
	if (err)
		return cli_fail(err, guard_store_reason(NULL), "%s", watch->file);
	err = guard_programs_init(&watch->programs, watch->kernel, watch->store, watch->spared);
	if (err)
		return cli_fail(err, guard_store_reason(watch->store), "%s", watch->file);
	/* A service sets its own. */
	watch->programs.replaced = print_replaced;
	watch->programs.data = watch;
	if (watch->programs.skipped)
		cli_note("%s: %u profiles not used: their programs are gone, or they are damaged", watch->file,
			 watch->programs.skipped);
	return CLI_OK;
}

/* What is to be done from now on, about any of them. */
static uint32_t begin_profiles(struct guard_watch *watch)
{
	uint32_t responses = 0;
	struct guard_env *env = guard_kernel_env(watch->kernel);
	struct guard_profile *profile;
	uint32_t number;

	for (number = 1; (profile = guard_kernel_profile(watch->kernel, number)); number++) {
		if (watch->normal)
			guard_normalize(env, profile);
		if (!watch->socket)
			profile->response = watch->response | (profile->response & GUARD_RESPONSE_SPARED);
		if (!(profile->response & GUARD_RESPONSE_SPARED))
			responses |= profile->response;
	}
	return responses;
}

static int prepare(struct guard_watch *watch, uint32_t responses)
{
	static const char no_lsm[] = "the kernel was started without its BPF LSM (/sys/kernel/security/lsm)";
	int err;

	log_clear();
	err = guard_kernel_prepare(watch->kernel, watch->response);
	if (err == -EOPNOTSUPP)
		return cli_refused(err, no_lsm, "%s: --respond refuse-exec", name_of(watch));
	if (err)
		return cli_fail(err, log_cause(), "%s: the program for execs cannot be attached", name_of(watch));
	err = guard_kernel_prepare(watch->kernel, responses);
	if (err)
		cli_note("%s: execs are not refused, as some profiles say: %s", watch->file,
			 err == -EOPNOTSUPP ? no_lsm : strerror(-err));
	return CLI_OK;
}

static int attach(struct guard_watch *watch)
{
	uint32_t responses = begin_profiles(watch);
	int err;

	log_clear();
	err = guard_kernel_attach(watch->kernel, watch->view);
	if (err && watch->view)
		return cli_refused(err, kview_reason(watch->view), "%s", name_of(watch));
	if (err)
		return cli_fail(err, log_cause(), "%s: the programs cannot be attached", name_of(watch));
	return prepare(watch, responses);
}

static int on_record(void *data, void *record_data, size_t size)
{
	const struct guard_record *record = record_data;
	struct guard_watch *watch = data;
	_cleanup_(json_decrefp) json_t *event = NULL;

	if (size != sizeof(*record))
		return -EPROTO;
	if (watch->socket)
		return guard_serve_event(watch, record);
	guard_programs_note(&watch->programs, record->profile, record->tgid);
	event = guard_event_describe(record, guard_programs_name(&watch->programs, record->profile),
				     guard_kernel_profile(watch->kernel, record->profile));
	return event ? guard_event_print(watch->out, event, watch->shared.json) : -ENOMEM;
}

int guard_watch_take_events(void *data)
{
	struct guard_watch *watch = data;

	return guard_kernel_events(watch->kernel, on_record, watch);
}

static int open_wait(struct guard_watch *watch)
{
	int code, err;

	code = wait_open(&watch->wait, &watch->target.targets);
	if (code)
		return code;
	err = loop_add(watch->wait.loop, guard_kernel_events_fd(watch->kernel), guard_watch_take_events, watch);
	return err ? cli_fail(err, NULL, "%s", name_of(watch)) : CLI_OK;
}

static int start_command(struct guard_watch *watch)
{
	return targets_start(&watch->target.targets);
}

static int join_members(struct guard_watch *watch)
{
	int code;

	wait_start(&watch->wait);
	if (!watch->view) {
		target_options_note_fallback(watch->fallback);
		return CLI_OK;
	}
	code = targets_join(&watch->target.targets, watch->view);
	if (!code)
		target_options_note_fallback(watch->fallback);
	return code;
}

static int wait_for_end(struct guard_watch *watch)
{
	return wait_run(&watch->wait, watch->view, watch->target.duration);
}

static int report(struct guard_watch *watch)
{
	int err;

	if (watch->socket)
		return guard_serve_report(watch);
	err = guard_watch_take_events(watch);
	if (!err)
		err = guard_programs_save(&watch->programs);
	if (err)
		return cli_fail(err, guard_store_reason(watch->store), "%s", watch->file ?: name_of(watch));
	err = guard_profiles_print(watch->out, &watch->programs, watch->shared.json);
	if (!err && fflush(watch->out))
		err = -errno;
	targets_tell_command(&watch->target.targets);
	return err ? cli_fail(err, NULL, "%s", name_of(watch)) : CLI_OK;
}

void guard_watch_deinit(struct guard_watch *watch)
{
	char **spared;

	guard_serve_end(watch);
	targets_deinit(&watch->target.targets);
	kview_closep(&watch->view);
	guard_programs_deinit(&watch->programs);
	guard_kernel_closep(&watch->kernel);
	guard_store_closep(&watch->store);
	wait_deinit(&watch->wait);
	free(watch->fallback);
	for (spared = watch->spared; spared && *spared; spared++)
		free(*spared);
	free(watch->spared);
	if (watch->out && watch->out != stdout)
		fclose(watch->out);
}

/* As for `kview run`: no process is guarded, and no command runs, before all is in place. */
static int (*const steps[])(struct guard_watch *watch) = {
	open_output,	 open_targets,	guard_serve_listen, open_view,	  open_kernel,
	spare_processes, load_profiles, add_cgroups,	    attach,	  open_wait,
	start_command,	 join_members,	guard_serve_begin,  wait_for_end, report,
};

int guard_watch_run(struct guard_watch *watch)
{
	size_t i;
	int code = CLI_OK;

	check(watch);
	for (i = 0; !code && i < sizeof(steps) / sizeof(steps[0]); i++)
		code = steps[i](watch);
	return code;
}

const struct argp guard_watch_argp = {
	.options = options,
	.parser = parse_option,
	.children = (const struct argp_child[]){ { .argp = &target_options_argp }, {} },
};

static error_t parse_nothing(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static int cmd_watch(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &guard_watch_argp }, {} };
	static const struct argp argp = {
		.parser = parse_nothing,
		.children = children,
		.args_doc = "--pid PID\n--cgroup PATH\n--all\n-- COMMAND [ARG...]",
		.doc = "Learn the system calls of processes, and tell when one does what its program never did: until "
		       "all of them have exited, on Ctrl-C, or when the time is over. Chosen processes are seen through a "
		       "view of the kernel, and nobody else pays.",
	};
	_cleanup_(guard_watch_deinit) struct guard_watch watch = GUARD_WATCH_INIT(argv[0]);

	target_options_split(&watch.target, &argc, argv);
	cli_parse(&argp, argc, argv, &watch);
	return guard_watch_run(&watch);
}

const struct cli_command cli_guard_watch = { "watch", "learn, and tell what is not as usual, until it ends",
					     cmd_watch };
