// SPDX-License-Identifier: GPL-2.0-or-later
#include "push.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "metrics.h"
#include "note.h"
#include "outputs.h"
#include "util/clock.h"

#define MS 1000000ULL

enum own_metric {
	OWN_SENT,
	OWN_DROPPED,
	OWN_QUEUED,
	OWN_BYTES,
	OWN_RETRIES,
	OWN_CPU,
	OWN_RESIDENT,
	OWN_METRICS,
};

static const struct metric_desc own_descs[OWN_METRICS] = {
	[OWN_SENT] = { "kview_monitor_push_points_total",
		       "Values that a server has taken.",
		       METRIC_COUNTER,
		       1,
		       { "output" } },
	[OWN_DROPPED] = { "kview_monitor_push_dropped_points_total",
			  "Values that no server has taken: refused, too old, or lost.",
			  METRIC_COUNTER,
			  1,
			  { "output" } },
	[OWN_QUEUED] = { "kview_monitor_push_queued_points", "Values that wait.", METRIC_GAUGE, 1, { "output" } },
	[OWN_BYTES] = { "kview_monitor_push_bytes_total",
			"Bodies of requests that a server has taken, compressed.",
			METRIC_COUNTER,
			1,
			{ "output" } },
	[OWN_RETRIES] = { "kview_monitor_push_retries_total",
			  "Requests that were made again.",
			  METRIC_COUNTER,
			  1,
			  { "output" } },
	[OWN_CPU] = { "kview_monitor_push_cpu_seconds_total",
		      "CPU time of kview-push.",
		      METRIC_COUNTER,
		      1e-9,
		      { "output" } },
	[OWN_RESIDENT] = { "kview_monitor_push_resident_bytes",
			   "Resident memory of kview-push.",
			   METRIC_GAUGE,
			   1,
			   { "output" } },
};

static const struct push_kind_info {
	const char *name;
	int (*write)(const struct metrics *metrics, uint64_t ns, const struct metrics_origin *origin, FILE *out,
		     uint64_t *ret_points);
} kinds[PUSH_KINDS] = {
	[PUSH_OTLP] = { "otlp", metrics_write_otlp },
	[PUSH_REMOTE_WRITE] = { "remote_write", metrics_write_remote },
};

struct push {
	const struct push_kind_info *info;
	struct monitor_push_config config;
	struct metrics *metrics;
	struct metric *own[OWN_METRICS];
	char *program;
	char host[HOST_NAME_MAX + 1];
	pid_t pid; /* 0: not running */
	int socket;
	uint64_t sent_at;
	uint64_t handed; /* points, to the process that runs */
	struct push_state state; /* of it */
};

/* --- the process -------------------------------------------------------------------------------------------------- */

/* The library's folder of where this program is installed, or its neighbour in the tree it was built in. */
static int find_program(char **ret_program)
{
	static const char *const places[] = { "../lib/kview", "../push" };
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0)
		return -errno;
	self[len] = '\0';
	dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/" PUSH_PROGRAM, self, places[i]);
		if (access(path, X_OK))
			continue;
		*ret_program = strdup(path);
		return *ret_program ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

static int spawn(struct push *push, int socket)
{
	const struct monitor_push_config *config = &push->config;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char timeout[32];
	char *argv[] = { (char *)PUSH_PROGRAM, (char *)push->info->name, timeout,
			 (char *)(config->compress ? "gzip" : "none"), NULL };
	sigset_t signals;
	int err;

	snprintf(timeout, sizeof(timeout), "%llu", (unsigned long long)(config->timeout / MS));
	sigemptyset(&signals);
	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	err = -posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
	if (!err && !(err = -posix_spawnattr_init(&attributes))) {
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
		posix_spawnattr_setsigmask(&attributes, &signals);
		err = -posix_spawn(&push->pid, push->program, &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		push->pid = 0;
	return err;
}

static int tell_address(const struct push *push)
{
	_cleanup_(freep) char *text = NULL;
	int len = asprintf(&text, "%s\n%s", push->config.url, push->config.headers);

	if (len < 0)
		return -ENOMEM;
	return send(push->socket, text, len, MSG_NOSIGNAL) == len ? 0 : -errno;
}

static int start(struct push *push)
{
	int sockets[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	push->handed = 0;
	push->state = (struct push_state){};
	push->socket = sockets[0];
	err = spawn(push, sockets[1]);
	close(sockets[1]);
	return err ?: tell_address(push);
}

/* Take leave of the process; it has so many ns to end by itself. */
static void stop(struct push *push, uint64_t ns)
{
	_cleanup_(closep) int pidfd = -1;
	struct pollfd fd = { .events = POLLIN };

	closep(&push->socket);
	push->socket = -1;
	if (!push->pid)
		return;
	fd.fd = pidfd = pidfd_open(push->pid, 0);
	if (pidfd >= 0 && poll(&fd, 1, (int)(ns / MS)) != 1)
		kill(push->pid, SIGKILL);
	waitpid(push->pid, NULL, 0);
	push->pid = 0;
}

/* --- what became of it -------------------------------------------------------------------------------------------- */

static void set_own(struct push *push, const struct push_state *state)
{
	const struct push_state *old = &push->state;

	metric_add(push->own[OWN_SENT], state->sent - old->sent);
	metric_add(push->own[OWN_DROPPED], state->dropped - old->dropped);
	metric_add(push->own[OWN_BYTES], state->bytes - old->bytes);
	metric_add(push->own[OWN_RETRIES], state->retries - old->retries);
	metric_add(push->own[OWN_CPU], state->cpu_ns - old->cpu_ns);
	metric_set(push->own[OWN_RESIDENT], state->resident);
	push->state = *state;
}

/* What it had not sent is lost. */
static void bury(struct push *push)
{
	metric_add(push->own[OWN_DROPPED], push->handed - push->state.sent - push->state.dropped);
	push->handed = push->state.sent + push->state.dropped;
	monitor_note("%s: " PUSH_PROGRAM " has ended; it is started again", push->info->name);
	stop(push, NS_PER_SECOND);
}

void push_look(struct push *push)
{
	struct push_state state;
	ssize_t got = -1;

	while (push->pid && (got = recv(push->socket, &state, sizeof(state), MSG_DONTWAIT)) == sizeof(state))
		set_own(push, &state);
	if (push->pid && !(got < 0 && (errno == EAGAIN || errno == EINTR)))
		bury(push);
	/* What is on its way there waits, too. */
	metric_set(push->own[OWN_QUEUED], push->handed - push->state.sent - push->state.dropped);
}

/* --- handing over ------------------------------------------------------------------------------------------------- */

/* A file in memory, with all metrics. */
static int write_body(const struct push *push, int *ret_fd, uint64_t *ret_points)
{
	const struct metrics_origin origin = { push->host, KVIEW_VERSION };
	_cleanup_(closep) int fd = memfd_create(PUSH_PROGRAM, MFD_CLOEXEC);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0), err;
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");

	if (!out) {
		err = -errno;
		closep(&copy);
		return err;
	}
	err = push->info->write(push->metrics, clock_ns(CLOCK_REALTIME), &origin, out, ret_points);
	if (fclose(out))
		err = err ?: -errno;
	if (!err)
		*ret_fd = TAKE_FD(fd);
	return err;
}

static int hand_over(const struct push *push, int fd, uint64_t points)
{
	struct push_request request = { points };
	union {
		char bytes[CMSG_SPACE(sizeof(fd))];
		struct cmsghdr header;
	} control = {};
	struct iovec iov = { &request, sizeof(request) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(push->socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

bool push_is_due(const struct push *push, uint64_t now)
{
	return !push->sent_at || now - push->sent_at >= push->config.every;
}

void push_send(struct push *push, uint64_t now)
{
	_cleanup_(closep) int fd = -1;
	uint64_t points = 0;
	int err;

	push->sent_at = now;
	push_look(push);
	err = push->pid ? 0 : start(push);
	err = err ?: write_body(push, &fd, &points);
	err = err ?: hand_over(push, fd, points);
	if (err) {
		metric_add(push->own[OWN_DROPPED], points);
		monitor_note("%s: %s", push->info->name, strerror(-err));
	} else {
		push->handed += points;
	}
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

int push_open(enum push_kind kind, const struct monitor_push_config *config, struct metrics *metrics,
	      const char *program, struct push **ret_push)
{
	_cleanup_(push_closep) struct push *push = calloc(1, sizeof(*push));
	int err = 0;

	if (!push)
		return -ENOMEM;
	push->socket = -1;
	push->info = &kinds[kind];
	push->config = *config;
	push->config.url = strdup(config->url);
	push->config.headers = strdup(config->headers ?: "");
	push->metrics = metrics;
	if (!push->config.url || !push->config.headers)
		return -ENOMEM;
	if (gethostname(push->host, sizeof(push->host)))
		return -errno;
	for (size_t i = 0; !err && i < OWN_METRICS; i++)
		err = metrics_get(metrics, &own_descs[i], &push->info->name, &push->own[i]);
	if (err)
		return err;
	if (program)
		push->program = strdup(program);
	else
		err = find_program(&push->program);
	if (!push->program)
		return err ?: -ENOMEM;
	err = start(push);
	if (err)
		return err;
	*ret_push = TAKE_PTR(push);
	return 0;
}

bool push_is_for(const struct push *push, const struct monitor_push_config *config)
{
	return config->url && !strcmp(push->config.url, config->url) &&
	       !strcmp(push->config.headers, config->headers ?: "") && push->config.every == config->every &&
	       push->config.timeout == config->timeout && push->config.compress == config->compress;
}

void push_close(struct push *push)
{
	if (!push)
		return;
	stop(push, push->config.timeout + NS_PER_SECOND);
	for (size_t i = 0; i < OWN_METRICS; i++)
		metrics_put(push->metrics, push->own[i]);
	free(push->config.url);
	free(push->config.headers);
	free(push->program);
	free(push);
}
