// SPDX-License-Identifier: GPL-2.0-or-later
/* kview guard serve: watch for as long as the machine runs, and answer questions. What kview-guardd.service runs. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guard.h"
#include "guard_events.h"
#include "guard_watch.h"
#include "scope.h"
#include "util/service.h"

#define TICK_SECONDS 1 /* between signs of life for systemd's watchdog, and what is saved of events */

enum key {
	KEY_SOCKET = CLI_KEY_FIRST + 0x80, /* beyond those of guard_watch.c */
	KEY_SAVE_EVERY,
	KEY_KEEP_EVENTS,
	KEY_KEEP_DAYS,
	KEY_ALARM_LIMIT,
	KEY_WEB,
};

static const struct argp_option options[] = {
	{ "socket", KEY_SOCKET, "PATH", 0, "Where to be asked; default " GUARD_SOCKET, 6 },
	{ "save-every", KEY_SAVE_EVERY, "SECONDS", 0, "Save the profiles so often; default 60", 6 },
	{ "keep-events", KEY_KEEP_EVENTS, "COUNT", 0, "Keep so many events in the file of the profiles; default 100000",
	  6 },
	{ "keep-days", KEY_KEEP_DAYS, "DAYS", 0, "... and none that are older; default 90", 6 },
	{ "alarm-limit", KEY_ALARM_LIMIT, "COUNT", 0,
	  "Tell so many alarms of a profile in a minute, and count the others; default 10", 6 },
	{ "web", KEY_WEB, "PORT", OPTION_ARG_OPTIONAL,
	  "Serve a page at this port of 127.0.0.1, 9466 by default; kview guard web prints its address", 6 },
	{},
};

static int tick(void *data)
{
	struct guard_watch *watch = data;
	struct guard_state *state = &watch->state;
	uint64_t count, now = guard_kernel_env(watch->kernel)->now;

	if (read(watch->timer, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	service_tell("WATCHDOG=1");
	guard_state_tick(state);
	if (watch->web)
		guard_web_serve(watch->web);
	/* A disk that is full now may not be so later. */
	if (watch->store && now - watch->tried >= watch->save_seconds * 1e9) {
		watch->tried = now;
		guard_state_save(state);
	}
	return 0;
}

static int serve(void *data)
{
	struct guard_watch *watch = data;

	return guard_server_serve(watch->server);
}

static int serve_web(void *data)
{
	struct guard_watch *watch = data;

	return guard_web_serve(watch->web);
}

/* Prints what is wrong and returns an exit code. */
static int start_web(struct guard_watch *watch)
{
	int err = guard_web_open(&watch->state, watch->web_port, watch->socket, &watch->web);

	if (!err)
		err = loop_add(watch->wait.loop, guard_web_fd(watch->web), serve_web, watch);
	if (err)
		return cli_fail(err, NULL, "guard serve: --web %u", watch->web_port);
	cli_note("the page is at %s; kview guard web prints its address with a key", guard_web_address(watch->web));
	return CLI_OK;
}

static int start_timer(struct guard_watch *watch)
{
	const struct itimerspec every = { .it_interval.tv_sec = TICK_SECONDS, .it_value.tv_sec = TICK_SECONDS };

	watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->timer < 0 || timerfd_settime(watch->timer, 0, &every, NULL))
		return -errno;
	return loop_add(watch->wait.loop, watch->timer, tick, watch);
}

static int fail(const struct guard_watch *watch, int err)
{
	return cli_fail(err, err == -EADDRINUSE ? "another guard serves there" : NULL, "guard serve: %s",
			watch->socket);
}

/* First of all, so that there is one at most. Who connects now is answered when all is in place. */
int guard_serve_listen(struct guard_watch *watch)
{
	int err = 0;

	if (watch->socket)
		err = guard_server_open(watch->socket, guard_answer, &watch->state, &watch->server);
	return err ? fail(watch, err) : CLI_OK;
}

/* One line for people or the journal, or JSON. */
static void print_event(void *data, const json_t *event, const struct guard_record *record)
{
	struct guard_watch *watch = data;
	int err;

	if (watch->journal) /* sd-daemon(3): warnings, else information */
		fputs(record && record->events & (GUARD_ALARMS | GUARD_RESPONSES_DONE) ? "<4>" : "<6>", watch->out);
	err = guard_event_print(watch->out, event, watch->shared.json && !watch->journal);
	watch->print_error = watch->print_error ?: err;
}

int guard_serve_begin(struct guard_watch *watch)
{
	int err, code;

	if (!watch->socket)
		return CLI_OK;
	watch->journal = getenv("JOURNAL_STREAM");
	watch->state = (struct guard_state){
		.programs = &watch->programs,
		.file = watch->file,
		.scope = watch->view	  ? "view"
			 : watch->machine ? "machine"
					  : "cgroups",
		.limit.per_minute = watch->alarm_limit,
		.server = watch->server,
		.told = print_event,
		.data = watch,
	};
	watch->tried = guard_kernel_env(watch->kernel)->now;
	err = guard_state_init(&watch->state, &watch->history);
	if (!err)
		err = loop_add(watch->wait.loop, guard_server_fd(watch->server), serve, watch);
	if (!err)
		err = start_timer(watch);
	if (err)
		return fail(watch, err);
	code = watch->web_port ? start_web(watch) : CLI_OK;
	if (!code)
		service_tell("READY=1");
	return code;
}

int guard_serve_event(struct guard_watch *watch, const struct guard_record *record)
{
	int err = guard_state_take(&watch->state, record);

	return err ?: watch->print_error;
}

int guard_serve_report(struct guard_watch *watch)
{
	int err;

	service_tell("STOPPING=1");
	err = guard_watch_take_events(watch);
	if (!err)
		err = guard_state_end(&watch->state);
	return err ? CLI_FAILED : CLI_OK;
}

void guard_serve_end(struct guard_watch *watch)
{
	guard_web_closep(&watch->web);
	guard_state_deinit(&watch->state);
	guard_server_closep(&watch->server);
	closep(&watch->timer);
}

static unsigned long parse_count(const char *option, const char *word, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || !value || value > max)
		cli_usage("guard serve: %s %s: expected a number, 1 to %lu", option, word, max);
	return value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct guard_watch *watch = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = watch;
		return 0;
	case KEY_SOCKET:
		watch->socket = arg;
		return 0;
	case KEY_SAVE_EVERY:
		watch->save_seconds = guard_parse_seconds("serve", "--save-every", arg);
		return 0;
	case KEY_KEEP_EVENTS:
		watch->history.count = parse_count("--keep-events", arg, 10000000);
		return 0;
	case KEY_KEEP_DAYS:
		watch->history.days = parse_count("--keep-days", arg, 36500);
		return 0;
	case KEY_WEB:
		watch->web_port = arg ? parse_count("--web", arg, 65535) : GUARD_WEB_PORT;
		return 0;
	case KEY_ALARM_LIMIT:
		watch->alarm_limit = parse_count("--alarm-limit", arg, GUARD_LIMIT_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_serve(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &guard_watch_argp }, {} };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.args_doc = "--all\n--cgroup PATH\n--pid PID",
		.doc = "Guard like kview guard watch, save what is learned now and then, and answer the other commands "
		       "of kview guard, until it is told to end. What it was asked to do about single programs is kept "
		       "with their profiles; --respond is for programs that are new.",
	};
	_cleanup_(guard_watch_deinit) struct guard_watch watch = GUARD_WATCH_INIT(argv[0]);

	watch.socket = GUARD_SOCKET;
	cli_parse(&argp, argc, argv, &watch);
	return guard_watch_run(&watch);
}

const struct cli_command cli_guard_serve = { "serve", "the guard as a service, which the commands below ask",
					     cmd_serve };
