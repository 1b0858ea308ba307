// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "config.h"
#include "cost.h"
#include "endpoint.h"
#include "flames.h"
#include "key_file.h"
#include "metrics.h"
#include "note.h"
#include "perf_opener.h"
#include "privileges.h"
#include "probe_set.h"
#include "push.h"
#include "scope.h"
#include "trim.h"
#include "monitor/probes/tcp_sessions.h"
#include "util/clock.h"
#include "util/service.h"

#define KEY_FILE KEY_FOLDER "/" KEY_PREFIX "%s" KEY_SUFFIX
/* Newcomers wait so many times what it takes to follow them, but no longer than that. */
#define FOLLOW_SHARE 20
#define FOLLOW_WITHIN NS_PER_SECOND
/* At the least: what is idle has to be forgotten, whether somebody asks or not. */
#define LOOK_EVERY (10 * NS_PER_SECOND)

struct monitor_daemon {
	const char *path;
	struct monitor_config *config;
	struct metrics *metrics;
	struct monitor_scope *scope;
	struct probe_set probes;
	struct cost *cost;
	struct endpoint *endpoint;
	struct flames *flames;
	FILE *json;
	struct push *pushes[PUSH_KINDS];
	uint64_t looked_at, json_at;
	unsigned int generation; /* of the scope that the probes have followed */
	uint64_t follow_at;	 /* not before that again */
	int signals, timer;
	pid_t opener; /* of perf events; 0: there is none */
	bool ended;
};

/* --- probes ------------------------------------------------------------------------------------------------------- */

/*
 * Probes look for what newcomers have had before they came: all sockets of the machine, for one. Where somebody comes all
 * the time that is not done all the time.
 */
static void follow(struct monitor_daemon *daemon)
{
	uint64_t before = clock_ns(CLOCK_MONOTONIC), after;

	daemon->generation = monitor_scope_generation(daemon->scope);
	probe_set_follow(&daemon->probes);
	after = clock_ns(CLOCK_MONOTONIC);
	daemon->follow_at = after + FOLLOW_SHARE * (after - before);
	if (daemon->follow_at > after + FOLLOW_WITHIN)
		daemon->follow_at = after + FOLLOW_WITHIN;
}

static bool has_newcomers(const struct monitor_daemon *daemon)
{
	return daemon->generation != monitor_scope_generation(daemon->scope);
}

/* Bring all series up to date. */
static int look(struct monitor_daemon *daemon)
{
	struct probe *running[MONITOR_PROBES];
	size_t count = probe_set_running(&daemon->probes, running);
	int err;

	/* Who has joined by what is told is followed by then, too. */
	if (has_newcomers(daemon))
		follow(daemon);
	daemon->looked_at = clock_ns(CLOCK_MONOTONIC);
	err = probe_set_collect(&daemon->probes, daemon->looked_at, daemon->config->forget);
	for (enum push_kind kind = 0; kind < PUSH_KINDS; kind++)
		if (daemon->pushes[kind])
			push_look(daemon->pushes[kind]);
	return err ?: cost_collect(daemon->cost, daemon->scope, running, count);
}

/* --- outputs ------------------------------------------------------------------------------------------------------ */

static int write_sessions(struct monitor_daemon *daemon, FILE *out)
{
	if (daemon->probes.running[MONITOR_TCP])
		return tcp_write_sessions(&daemon->probes.probes[MONITOR_TCP], clock_ns(CLOCK_MONOTONIC), out);
	fputs("the probe tcp is off\n", out);
	return -ENOENT;
}

static int answer(enum endpoint_page page, const char *target, FILE *out, void *data)
{
	struct monitor_daemon *daemon = data;
	int err;

	switch (page) {
	case ENDPOINT_SESSIONS:
		return write_sessions(daemon, out);
	case ENDPOINT_FLAME:
		return flames_ask(daemon->flames, target, clock_ns(CLOCK_MONOTONIC), out);
	case ENDPOINT_JSON:
		err = look(daemon);
		return err ?: metrics_write_json(daemon->metrics, clock_ns(CLOCK_REALTIME) / 1e9, out);
	case ENDPOINT_METRICS:
		err = look(daemon);
		return err ?: metrics_write_prometheus(daemon->metrics, out);
	}
	return -EINVAL;
}

static int open_endpoint(struct monitor_daemon *daemon)
{
	const struct monitor_outputs *outputs = &daemon->config->outputs;
	char key_file[sizeof(KEY_FILE) + INET6_ADDRSTRLEN + 10];
	struct endpoint *endpoint;
	int err;

	if (!outputs->listen.ss_family)
		return 0;
	snprintf(key_file, sizeof(key_file), KEY_FILE, outputs->listen_text);
	mkdir(KEY_FOLDER, 0755);
	err = endpoint_open(&(struct endpoint_options){ &outputs->listen, &outputs->hosts, key_file }, answer, daemon,
			    &endpoint);
	if (err) {
		monitor_note("%s: %s", outputs->listen_text, strerror(-err));
		return err;
	}
	daemon->endpoint = endpoint;
	if (endpoint_key_error(endpoint))
		monitor_note("%s: %s: the page shows metrics alone", key_file, strerror(-endpoint_key_error(endpoint)));
	return 0;
}

static int open_json(struct monitor_daemon *daemon)
{
	FILE *json = daemon->config->outputs.json ? fopen(daemon->config->outputs.json, "ae") : NULL;
	int err = daemon->config->outputs.json && !json ? -errno : 0;

	if (err) {
		monitor_note("%s: %s", daemon->config->outputs.json, strerror(-err));
		return err;
	}
	if (daemon->json)
		fclose(daemon->json);
	daemon->json = json;
	return 0;
}

static void write_json(struct monitor_daemon *daemon)
{
	uint64_t time = clock_ns(CLOCK_MONOTONIC);

	if (!daemon->json || time - daemon->json_at < daemon->config->outputs.json_every)
		return;
	daemon->json_at = time;
	if (look(daemon) || metrics_write_json(daemon->metrics, clock_ns(CLOCK_REALTIME) / 1e9, daemon->json)) {
		monitor_note("%s: cannot be written", daemon->config->outputs.json);
		clearerr(daemon->json);
	}
}

/* One that has the same to do goes on. */
static int open_push(struct monitor_daemon *daemon, enum push_kind kind)
{
	const struct monitor_push_config *config = &daemon->config->outputs.pushes[kind];
	struct push *push = NULL;
	int err;

	if (daemon->pushes[kind] && push_is_for(daemon->pushes[kind], config))
		return 0;
	err = config->url ? push_open(kind, config, daemon->metrics, NULL, &push) : 0;
	if (err) {
		monitor_note(PUSH_PROGRAM ": %s", strerror(-err));
		return err;
	}
	push_close(daemon->pushes[kind]);
	daemon->pushes[kind] = push;
	return 0;
}

static int open_pushes(struct monitor_daemon *daemon)
{
	int err = 0;

	for (enum push_kind kind = 0; !err && kind < PUSH_KINDS; kind++)
		err = open_push(daemon, kind);
	return err;
}

/* Those whose time has come. */
static void send_pushes(struct monitor_daemon *daemon, bool all)
{
	uint64_t time = clock_ns(CLOCK_MONOTONIC);
	bool looked = false;

	for (enum push_kind kind = 0; kind < PUSH_KINDS; kind++) {
		if (!daemon->pushes[kind] || !(all || push_is_due(daemon->pushes[kind], time)))
			continue;
		if (!looked && look(daemon))
			monitor_note("out of memory");
		looked = true;
		push_send(daemon->pushes[kind], time);
	}
}

/* --- a new configuration ------------------------------------------------------------------------------------------ */

static bool same_address(const struct monitor_config *one, const struct monitor_config *other)
{
	return !memcmp(&one->outputs.listen, &other->outputs.listen, sizeof(one->outputs.listen));
}

static void free_config(struct monitor_config *config)
{
	if (config)
		monitor_config_deinit(config);
	free(config);
}

/* Counts of targets that stay go on; those of others are read a last time, and deleted, between the two steps. */
static int change_targets(struct monitor_daemon *daemon, struct monitor_config *config)
{
	struct monitor_config *old = daemon->config;
	int err;

	look(daemon);
	flames_reset(daemon->flames);
	monitor_scope_release(daemon->scope, config);
	follow(daemon);
	look(daemon);
	daemon->config = config;
	err = monitor_scope_apply(daemon->scope, config);
	free_config(old);
	return err;
}

static void change_outputs(struct monitor_daemon *daemon, bool moved)
{
	struct endpoint *old = daemon->endpoint;

	if (moved) {
		daemon->endpoint = NULL;
		if (!open_endpoint(daemon))
			endpoint_close(old);
		else
			daemon->endpoint = old;
	}
	if (daemon->endpoint)
		endpoint_set_hosts(daemon->endpoint, &daemon->config->outputs.hosts);
	open_json(daemon);
	open_pushes(daemon);
}

static void reload(struct monitor_daemon *daemon)
{
	struct monitor_config *config = malloc(sizeof(*config));
	struct monitor_error error = {};
	bool moved;
	int err;

	err = config ? monitor_config_open(daemon->path, config, &error) : -ENOMEM;
	if (err) {
		monitor_note("%s:%u: %s: the configuration of before stays", daemon->path, error.line, error.why);
		free(config);
		return;
	}
	moved = !same_address(daemon->config, config);
	err = change_targets(daemon, config);
	metrics_limit(daemon->metrics, config->series);
	err = err ?: probe_set_apply(&daemon->probes, daemon->config->probes);
	follow(daemon);
	change_outputs(daemon, moved);
	monitor_note("%s: %zu targets%s", daemon->path, config->target_count,
		     err ? ", but not all as it should be" : "");
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static void take_signal(struct monitor_daemon *daemon)
{
	struct signalfd_siginfo info;

	if (read(daemon->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		reload(daemon);
	else
		daemon->ended = true;
}

static void take_timer(struct monitor_daemon *daemon)
{
	uint64_t expirations;

	if (read(daemon->timer, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	if (clock_ns(CLOCK_MONOTONIC) - daemon->looked_at >= LOOK_EVERY && look(daemon))
		monitor_note("out of memory");
	write_json(daemon);
	send_pushes(daemon, false);
	flames_look(daemon->flames, clock_ns(CLOCK_MONOTONIC));
	if (perf_opener_has_ended(&daemon->opener))
		monitor_note("kview-perf has ended: until a new start there are no flame graphs, and collectors of programs"
			     " that begin are not watched");
}

/* Milliseconds, as poll() wants them. */
static int time_to_wait(const struct monitor_daemon *daemon)
{
	int wait = daemon->endpoint ? endpoint_timeout(daemon->endpoint) : -1, due;
	uint64_t time = clock_ns(CLOCK_MONOTONIC);

	if (!has_newcomers(daemon))
		return wait;
	due = daemon->follow_at > time ? (int)((daemon->follow_at - time) / 1000000 + 1) : 0;
	return wait < 0 || due < wait ? due : wait;
}

static int run(struct monitor_daemon *daemon)
{
	while (!daemon->ended) {
		struct pollfd fds[] = {
			{ .fd = daemon->signals, .events = POLLIN },
			{ .fd = daemon->timer, .events = POLLIN },
			{ .fd = monitor_scope_fd(daemon->scope), .events = POLLIN },
			{ .fd = daemon->endpoint ? endpoint_fd(daemon->endpoint) : -1, .events = POLLIN },
		};

		if (poll(fds, sizeof(fds) / sizeof(fds[0]), time_to_wait(daemon)) < 0 && errno != EINTR)
			return -errno;
		if (fds[2].revents)
			monitor_scope_read(daemon->scope);
		if (has_newcomers(daemon) && clock_ns(CLOCK_MONOTONIC) >= daemon->follow_at)
			follow(daemon);
		if (daemon->endpoint)
			endpoint_run(daemon->endpoint);
		if (fds[1].revents)
			take_timer(daemon);
		if (fds[0].revents)
			take_signal(daemon);
	}
	return 0;
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static int open_events(struct monitor_daemon *daemon)
{
	const struct itimerspec second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (daemon->signals < 0 || daemon->timer < 0 || timerfd_settime(daemon->timer, 0, &second, NULL))
		return -errno;
	return 0;
}

/* Without it all but some perf events is as with it. */
static void start_opener(struct monitor_daemon *daemon)
{
	int err = perf_opener_is_needed() ? perf_opener_start(&daemon->opener) : 0;

	if (err && err != -EPERM)
		monitor_note("perf events are opened without help: %s", strerror(-err));
}

static void say_what_runs(const struct monitor_daemon *daemon)
{
	char words[160] = "";

	for (enum monitor_probe kind = 0; kind < MONITOR_PROBES; kind++)
		if (daemon->probes.running[kind])
			strcat(strcat(words, " "), monitor_probes[kind].name);
	monitor_note("%zu target%s; probes:%s; %s", daemon->config->target_count,
		     daemon->config->target_count == 1 ? "" : "s", words,
		     monitor_scope_view(daemon->scope) ? "in a view" : "ordinary mode");
}

static int begin(struct monitor_daemon *daemon)
{
	int err;

	err = open_events(daemon);
	if (!err)
		start_opener(daemon);
	err = err ?: metrics_new(daemon->config->series, &daemon->metrics);
	err = err ?: monitor_scope_open(&daemon->scope);
	if (err == -EPERM)
		monitor_note("it needs root, or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE");
	err = err ?: flames_new(daemon->scope, daemon->metrics, &daemon->flames);
	err = err ?: cost_open(daemon->metrics, daemon->config->times, &daemon->cost);
	err = err ?: monitor_scope_apply(daemon->scope, daemon->config);
	daemon->probes = (struct probe_set){ .scope = daemon->scope, .metrics = daemon->metrics };
	err = err ?: probe_set_apply(&daemon->probes, daemon->config->probes);
	err = err ?: open_endpoint(daemon);
	err = err ?: open_json(daemon);
	err = err ?: open_pushes(daemon);
	/* Times of programs, and a port below 1024, are had by now. */
	err = err ?: privileges_drop();
	daemon->generation = daemon->scope ? monitor_scope_generation(daemon->scope) : 0;
	return err;
}

static void end(struct monitor_daemon *daemon)
{
	endpoint_close(daemon->endpoint);
	flames_free(daemon->flames);
	if (daemon->json)
		fclose(daemon->json);
	for (enum push_kind kind = 0; kind < PUSH_KINDS; kind++)
		push_close(daemon->pushes[kind]);
	probe_set_stop(&daemon->probes);
	cost_close(daemon->cost);
	monitor_scope_close(daemon->scope);
	metrics_free(daemon->metrics);
	perf_opener_stop(daemon->opener);
	closep(&daemon->signals);
	closep(&daemon->timer);
	free_config(daemon->config);
}

int monitor_daemon_run(const char *path, struct monitor_config *config)
{
	struct monitor_daemon daemon = { .path = path, .signals = -1, .timer = -1 };
	int err = -ENOMEM;

	daemon.config = malloc(sizeof(*config));
	if (daemon.config) {
		*daemon.config = *config;
		err = begin(&daemon);
	} else {
		monitor_config_deinit(config);
	}
	if (!err) {
		say_what_runs(&daemon);
		trim();
		service_tell("READY=1");
		err = run(&daemon);
		send_pushes(&daemon, true);
	}
	end(&daemon);
	return err;
}
