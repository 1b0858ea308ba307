// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The owner of a shield. The kernel takes the shield away with it, however it ends.
 *
 * Rules that have to be confirmed and are not, in time, are taken back: after the start the interface is open again,
 * after a reload the rules of before are in force. Who locks himself out is let in again.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <math.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include "log.h"
#include "loop.h"
#include "options.h"
#include "shield.h"
#include "shield/shield.h"
#include "util/service.h"

#define CONFIRM_MAX 86400 /* seconds */

struct run_options {
	struct cli_options shared; /* first: see cli_parse() */
	const char *path;
	const char *interface;
	double confirm; /* seconds; 0: need not be */
	bool dry, check;
};

struct owner {
	const struct run_options *options;
	struct shield_config config; /* until it is installed */
	char interface[IF_NAMESIZE];
	struct shield *shield;
	struct loop *loop;
	int listener, signals, timer, links;
	enum shield_mode mode;
	int fallback; /* why it is not native */
	bool waiting; /* for confirmation */
	bool reloaded; /* ... of rules that came after others */
	int code;
};

static const struct argp_option options[] = {
	{ "interface", 'i', "NAME", 0, "In front of this interface, if the configuration does not name it", 1 },
	{ "dry-run", 'n', NULL, 0, "Count what would be dropped, and drop nothing", 2 },
	{ "confirm", 'c', "SECONDS", 0, "Take it back unless kview shield confirm is called in time", 2 },
	{ "check", 'k', NULL, 0, "Only read the configuration, and say what is wrong with it", 2 },
	{},
};

static double parse_seconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 1 || seconds > CONFIRM_MAX)
		cli_usage("shield: --confirm %s: not a number of seconds from 1 to %d", text, CONFIRM_MAX);
	return seconds;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_options *run = state->input;

	switch (key) {
	case 'i':
		run->interface = arg;
		return 0;
	case 'n':
		run->dry = true;
		return 0;
	case 'c':
		run->confirm = parse_seconds(arg);
		return 0;
	case 'k':
		run->check = true;
		return 0;
	case ARGP_KEY_ARG:
		if (run->path)
			cli_usage("shield run: %s: one configuration, not more", arg);
		run->path = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- confirmation --------------------------------------------------------------------------------------------------- */

static int set_timer(struct owner *owner, double seconds)
{
	struct itimerspec time = { .it_value.tv_sec = (time_t)seconds };

	time.it_value.tv_nsec = (long)((seconds - (double)time.it_value.tv_sec) * 1e9);
	owner->waiting = seconds > 0;
	return timerfd_settime(owner->timer, 0, &time, NULL) ? -errno : 0;
}

static double seconds_left(const struct owner *owner)
{
	struct itimerspec time = {};

	timerfd_gettime(owner->timer, &time);
	return time.it_value.tv_sec + time.it_value.tv_nsec / 1e9;
}

static int take_timer(void *data)
{
	struct owner *owner = data;
	uint64_t expirations;

	if (read(owner->timer, &expirations, sizeof(expirations)) != sizeof(expirations) || !owner->waiting)
		return 0;
	owner->waiting = false;
	if (owner->reloaded && !shield_revert(owner->shield)) {
		cli_note("%s: not confirmed in time: the rules of before are in force again", owner->interface);
		return 0;
	}
	cli_note("%s: not confirmed in time: the interface is open again", owner->interface);
	owner->code = CLI_FAILED;
	loop_end(owner->loop);
	return 0;
}

/* --- questions ------------------------------------------------------------------------------------------------------ */

static json_t *describe_count(const struct shield_count *count)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)count->packets, "bytes", (json_int_t)count->bytes);
}

static json_t *describe_reasons(const struct owner *owner)
{
	_cleanup_(json_decrefp) json_t *json = json_object();
	struct shield_count count;

	for (enum shield_reason reason = SHIELD_ARP; reason < SHIELD_REASONS; reason++)
		if (shield_count_reason(owner->shield, reason, &count) ||
		    json_object_set_new(json, shield_reason_name(reason), describe_count(&count)))
			return NULL;
	return TAKE_PTR(json);
}

static json_t *describe_rule(const struct owner *owner, size_t i)
{
	const struct shield_rule *rule = &shield_config(owner->shield)->rules[i];
	struct shield_count count;

	if (shield_count_rule(owner->shield, i, &count))
		return NULL;
	return json_pack("{s:i, s:s*, s:s, s:I, s:I}", "line", rule->line, "name", rule->name, "text", rule->text,
			 "packets", (json_int_t)count.packets, "bytes", (json_int_t)count.bytes);
}

static json_t *describe_rules(const struct owner *owner)
{
	_cleanup_(json_decrefp) json_t *json = json_array();

	for (size_t i = 0; i < shield_config(owner->shield)->rule_count; i++)
		if (json_array_append_new(json, describe_rule(owner, i)))
			return NULL;
	return TAKE_PTR(json);
}

static json_t *describe(const struct owner *owner)
{
	static const char *const modes[] = { [SHIELD_NATIVE] = "native", [SHIELD_GENERIC] = "generic" };
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:s, s:s, s:s*, s:s, s:b, s:s, s:i, s:o, s:o}", "interface", owner->interface, "mode",
			 modes[owner->mode], "fallback", owner->fallback ? strerror(-owner->fallback) : NULL, "config",
			 owner->options->path, "dry_run", shield_is_dry(owner->shield), "default",
			 shield_config(owner->shield)->pass ? "pass" : "drop", "pid", (int)getpid(), "reasons",
			 describe_reasons(owner), "rules", describe_rules(owner));
	if (json && owner->waiting)
		json_object_set_new(json, "confirm_seconds", json_real(seconds_left(owner)));
	return TAKE_PTR(json);
}

static json_t *refuse(const char *why)
{
	return json_pack("{s:s}", "error", why);
}

/* Old rules stay in force when the new ones are not good. */
static json_t *reload(struct owner *owner, double confirm)
{
	struct shield_config config = {};
	_cleanup_(freep) char *why = NULL;
	json_t *answer = NULL;
	int err;

	/* What is there to be confirmed would be what is gone back to. */
	if (owner->waiting)
		return refuse("the rules in force have not been confirmed yet (kview shield confirm)");
	if (shield_file_read(owner->options->path, &config, &why))
		return refuse(why ?: strerror(ENOMEM));
	if (config.interface && strcmp(config.interface, owner->interface))
		answer = refuse("another interface is named now; that takes a new start");
	err = answer ? 0 : shield_install(owner->shield, &config, owner->options->dry);
	shield_config_deinit(&config);
	if (err)
		answer = refuse(strerror(-err));
	if (answer)
		return answer;
	owner->reloaded = true;
	err = set_timer(owner, confirm);
	return err ? refuse(strerror(-err))
		   : json_pack("{s:i}", "rules", (int)shield_config(owner->shield)->rule_count);
}

static json_t *confirm(struct owner *owner)
{
	if (!owner->waiting)
		return refuse("there is nothing to confirm");
	set_timer(owner, 0);
	return json_pack("{s:b}", "confirmed", 1);
}

static json_t *answer(struct owner *owner, const char *question)
{
	if (!strcmp(question, "status"))
		return describe(owner);
	if (!strcmp(question, "confirm"))
		return confirm(owner);
	if (!strncmp(question, "reload ", 7))
		return reload(owner, strtod(question + 7, NULL));
	return refuse("the shield's owner does not know what is asked: another version of kview");
}

static int take_question(void *data)
{
	struct owner *owner = data;
	_cleanup_(json_decrefp) json_t *json = NULL;
	_cleanup_(closep) int fd = -1;
	char question[SHIELD_QUESTION_MAX];

	/* Whoever asks badly is the one who gets no answer. */
	if (shield_socket_take(owner->listener, question, &fd))
		return 0;
	json = answer(owner, question);
	shield_socket_answer(fd, json);
	return 0;
}

static int take_signal(void *data)
{
	struct owner *owner = data;
	_cleanup_(json_decrefp) json_t *json = NULL;
	struct signalfd_siginfo info;

	if (read(owner->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo != SIGHUP) {
		loop_end(owner->loop);
		return 0;
	}
	json = reload(owner, 0);
	if (json_object_get(json, "error"))
		cli_note("reload: %s", json_string_value(json_object_get(json, "error")));
	else
		cli_note("%s: reloaded", owner->interface);
	return 0;
}

/* Some interface has changed. What has become of ours is asked for: news may get lost. */
static int take_links(void *data)
{
	struct owner *owner = data;
	char news[64];

	while (recv(owner->links, news, sizeof(news), 0) >= 0 || errno == ENOBUFS || errno == EINTR)
		;
	if (shield_is_attached(owner->shield))
		return 0;
	cli_note("%s: the interface is gone, and the shield with it", owner->interface);
	owner->code = CLI_FAILED;
	loop_end(owner->loop);
	return 0;
}

/* --- the start ------------------------------------------------------------------------------------------------------ */

static int choose_interface(struct owner *owner)
{
	const char *name = owner->options->interface ?: owner->config.interface;

	if (!name)
		return cli_fail(-EINVAL, "no interface named; 'interface NAME', or --interface", "%s",
				owner->options->path);
	if (strlen(name) >= sizeof(owner->interface) || !if_nametoindex(name))
		return cli_fail(-ENOENT, "there is no such interface", "%s", name);
	strcpy(owner->interface, name);
	return CLI_OK;
}

static int load(struct owner *owner)
{
	int err;

	log_clear();
	err = shield_open(&owner->shield);
	if (err == -EPERM || err == -EACCES)
		return cli_fail(err, "needs root, or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN", "shield");
	if (err)
		return cli_fail(err, log_cause(), "shield: cannot be loaded");
	err = shield_install(owner->shield, &owner->config, owner->options->dry);
	return err ? cli_fail(err, NULL, "%s: cannot be installed", owner->options->path) : CLI_OK;
}

static int open_signals(struct owner *owner)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	owner->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return owner->signals < 0 ? -errno : 0;
}

static int open_links(struct owner *owner)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };

	owner->links = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (owner->links < 0 || bind(owner->links, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return 0;
}

static int open_loop(struct owner *owner)
{
	int err;

	err = loop_new(&owner->loop);
	err = err ?: open_signals(owner);
	err = err ?: open_links(owner);
	owner->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!err && owner->timer < 0)
		err = -errno;
	err = err ?: loop_add(owner->loop, owner->signals, take_signal, owner);
	err = err ?: loop_add(owner->loop, owner->timer, take_timer, owner);
	err = err ?: loop_add(owner->loop, owner->links, take_links, owner);
	err = err ?: loop_add(owner->loop, owner->listener, take_question, owner);
	return err ? cli_fail(err, NULL, "shield") : CLI_OK;
}

static int listen_for_questions(struct owner *owner)
{
	int err = shield_socket_listen(owner->interface, &owner->listener);

	return err ? cli_fail(err, err == -EADDRINUSE ? "it has a shield already" : NULL, "%s", owner->interface)
		   : CLI_OK;
}

static int attach(struct owner *owner)
{
	const struct shield_config *config = shield_config(owner->shield);
	int err;

	err = shield_attach(owner->shield, if_nametoindex(owner->interface), config->mode, &owner->mode,
			    &owner->fallback);
	if (err == -EBUSY)
		return cli_fail(err, "it has another XDP program already", "%s", owner->interface);
	if (err == -EMEDIUMTYPE)
		return cli_fail(err, "it carries no Ethernet frames", "%s", owner->interface);
	if (err)
		return cli_fail(err, NULL, "%s: cannot be attached", owner->interface);
	if (owner->fallback)
		cli_note("%s: the driver has no native mode for it (%s): generic mode, which costs more per packet",
			 owner->interface, strerror(-owner->fallback));
	cli_note("%s: %zu rules in force, %s mode%s", owner->interface, config->rule_count,
		 owner->mode == SHIELD_NATIVE ? "native" : "generic",
		 owner->options->dry ? ", nothing is dropped" : "");
	service_tell("READY=1");
	return CLI_OK;
}

static int wait_for_end(struct owner *owner)
{
	int err = set_timer(owner, owner->options->confirm);

	err = err ?: loop_run(owner->loop);
	return err ? cli_fail(err, NULL, "shield") : owner->code;
}

static void owner_deinit(struct owner *owner)
{
	shield_close(owner->shield);
	if (owner->listener >= 0)
		shield_socket_remove(owner->interface);
	closep(&owner->listener);
	closep(&owner->signals);
	closep(&owner->timer);
	closep(&owner->links);
	loop_freep(&owner->loop);
	shield_config_deinit(&owner->config);
}

static int (*const steps[])(struct owner *owner) = {
	choose_interface, load, listen_for_questions, open_loop, attach, wait_for_end,
};

static int own(const struct run_options *run, struct shield_config *config)
{
	_cleanup_(owner_deinit) struct owner owner = {
		.options = run, .config = *config, .listener = -1, .signals = -1, .timer = -1, .links = -1
	};
	int code = CLI_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !code; i++)
		code = steps[i](&owner);
	return code;
}

static int check(const struct run_options *run, struct shield_config *config)
{
	printf("%s: %zu rule%s, default %s\n", run->path, config->rule_count, config->rule_count == 1 ? "" : "s",
	       config->pass ? "pass" : "drop");
	shield_config_deinit(config);
	return CLI_OK;
}

static int cmd_run(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "CONFIG",
		.doc = "Drop what the rules of a configuration do not let in, in front of an interface (XDP), until "
		       "this process "
		       "ends, however it ends. SIGHUP reads the configuration again.",
	};
	struct shield_config config = {};
	struct run_options run = {};
	int code;

	cli_parse(&argp, argc, argv, &run);
	if (!run.path)
		cli_usage("shield run: no configuration given; see kview shield run --help");
	code = shield_file_read(run.path, &config, NULL);
	if (code)
		return code;
	return run.check ? check(&run, &config) : own(&run, &config);
}

const struct cli_command cli_shield_run = { "run", "put a shield in front of an interface", cmd_run };
