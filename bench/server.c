// SPDX-License-Identifier: GPL-2.0-or-later
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/clock.h"

#define VALUE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" /* 64 bytes, as memcaslap's */
#define ANSWER_MAX 4096
#define ARGS_MAX 16
#define TRIES 600	 /* to connect to a server that starts */
#define RETRY_US 100000

struct server {
	enum server_kind kind;
	unsigned int port;
	pid_t pid;
	clockid_t clock; /* of its processor time */
	int fd;		 /* our connection */
};

DEFINE_CLEANUP(struct server *, server_stop)

static double parse_memcaslap(const char *line)
{
	double per_second;

	return sscanf(line, "Run time: %*s Ops: %*u TPS: %lf", &per_second) == 1 ? 1 / per_second : 0;
}

/* "SET","12345.67",... */
static double parse_redis(const char *line)
{
	double per_second;

	return sscanf(line, "\"%*[A-Z]\",\"%lf\"", &per_second) == 1 ? 1 / per_second : 0;
}

static const struct {
	const char *name, *tool;
	const char *command[ARGS_MAX]; /* "PORT" stands for the port */
	struct {
		const char *ask, *answer;
	} requests[REQUESTS];
	const char *stats;	    /* asks for the server's account... */
	const char *end;	    /* which ends so... */
	const char *counters[2];    /* and names requests in these lines */
	bool counts_stats;	    /* asking is a request, too */
	const char *load;	    /* a shell command: port, requests */
	unsigned int parts;	    /* the tool measures so many kinds of request one after the other */
	double (*parse)(const char *line); /* seconds per request, 0: another line */
} kinds[SERVER_KINDS] = {
	[SERVER_MEMCACHED] = {
		.name = "memcached",
		.tool = "memcaslap",
		.command = { "memcached", "-u", "root", "-l", "127.0.0.1", "-p", "PORT", "-t", "1", "-m", "64" },
		.requests = {
			[REQUEST_GET] = { "get key\r\n", "VALUE key 0 64\r\n" VALUE "\r\nEND\r\n" },
			[REQUEST_SET] = { "set key 0 0 64\r\n" VALUE "\r\n", "STORED\r\n" },
		},
		.stats = "stats\r\n",
		.end = "END\r\n",
		.counters = { "STAT cmd_get ", "STAT cmd_set " },
		.load = "memcaslap -s 127.0.0.1:%u -T 1 -c 10 -w 1k -X 64 -x %u",
		.parts = 1,
		.parse = parse_memcaslap,
	},
	[SERVER_REDIS] = {
		.name = "redis",
		.tool = "redis-benchmark",
		.command = { "redis-server", "--bind", "127.0.0.1", "--port", "PORT", "--save", "", "--appendonly", "no",
			     "--dir", "/tmp" },
		.requests = {
			[REQUEST_GET] = { "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n", "$64\r\n" VALUE "\r\n" },
			[REQUEST_SET] = { "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$64\r\n" VALUE "\r\n", "+OK\r\n" },
		},
		.stats = "*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n",
		.end = "\r\n\r\n",
		.counters = { "total_commands_processed:" },
		.counts_stats = true,
		.load = "redis-benchmark -p %u -c 10 -d 64 -t set,get --csv -n $((%u / 2))",
		.parts = 2,
		.parse = parse_redis,
	},
};

const char *server_name(enum server_kind kind)
{
	return kinds[kind].name;
}

const char *server_tool(enum server_kind kind)
{
	return kinds[kind].tool;
}

const char *request_name(enum request request)
{
	static const char *const names[REQUESTS] = { "get", "set" };

	return names[request];
}

pid_t server_pid(const struct server *server)
{
	return server->pid;
}

uint64_t server_insns(const struct server *server)
{
	return clock_ns(server->clock);
}

static int send_all(int fd, const char *text)
{
	size_t len = strlen(text);

	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -EPROTO;
}

int server_exchange(struct server *server, enum request request)
{
	const char *want = kinds[server->kind].requests[request].answer;
	size_t want_len = strlen(want), len = 0;
	char answer[ANSWER_MAX];
	int err = send_all(server->fd, kinds[server->kind].requests[request].ask);

	while (!err && len < want_len) {
		ssize_t got = recv(server->fd, answer + len, sizeof(answer) - len, 0);

		if (got <= 0)
			return -EPROTO;
		len += got;
	}
	return err ?: (len == want_len && !memcmp(answer, want, len) ? 0 : -EPROTO);
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && !memcmp(text + len - end_len, end, end_len);
}

static uint64_t sum_counters(enum server_kind kind, const char *text)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < 2 && kinds[kind].counters[i]; i++) {
		const char *found = strstr(text, kinds[kind].counters[i]);

		sum += found ? strtoull(found + strlen(kinds[kind].counters[i]), NULL, 10) : 0;
	}
	return sum;
}

/* Requests it has answered, by its own account. */
static int count_requests(struct server *server, uint64_t *ret_count)
{
	char text[4 * ANSWER_MAX];
	size_t len = 0;
	int err = send_all(server->fd, kinds[server->kind].stats);

	while (!err && !ends_with(text, len, kinds[server->kind].end)) {
		ssize_t got = recv(server->fd, text + len, sizeof(text) - 1 - len, 0);

		if (got <= 0)
			return -EPROTO;
		len += got;
	}
	if (err)
		return err;
	text[len] = '\0';
	*ret_count = sum_counters(server->kind, text);
	return 0;
}

static int connect_to(unsigned int port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		return -errno;
	return TAKE_FD(fd);
}

static _Noreturn void become(enum server_kind kind, unsigned int port)
{
	char *args[ARGS_MAX + 1] = {}, port_text[16];
	int quiet = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(port_text, sizeof(port_text), "%u", port);
	for (size_t i = 0; i < ARGS_MAX && kinds[kind].command[i]; i++)
		args[i] = strcmp(kinds[kind].command[i], "PORT") ? (char *)kinds[kind].command[i] : port_text;
	dup2(quiet, STDIN_FILENO);
	dup2(quiet, STDOUT_FILENO);
	dup2(quiet, STDERR_FILENO);
	execvp(args[0], args);
	_exit(127);
}

static int wait_ready(struct server *server)
{
	for (int i = 0; i < TRIES; i++) {
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = -1;
			return -ENOENT;
		}
		server->fd = connect_to(server->port);
		if (server->fd >= 0)
			return server_exchange(server, REQUEST_SET);
		usleep(RETRY_US);
	}
	return -ETIMEDOUT;
}

int server_start(enum server_kind kind, unsigned int port, struct server **ret_server)
{
	_cleanup_(server_stopp) struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->kind = kind;
	server->port = port;
	server->fd = -1;
	server->pid = fork();
	if (server->pid < 0)
		return -errno;
	if (server->pid == 0)
		become(kind, port);
	err = wait_ready(server) ?: -clock_getcpuclockid(server->pid, &server->clock);
	if (err)
		return err;
	*ret_server = TAKE_PTR(server);
	return 0;
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	if (server->fd >= 0)
		close(server->fd);
	if (server->pid > 0) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
	}
	free(server);
}

/* Requests per second; with several parts, of all requests together. */
static int run_tool(const struct server *server, unsigned int requests, double *ret_per_second)
{
	char command[256], line[512];
	unsigned int parts = 0;
	double seconds = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), kinds[server->kind].load, server->port, requests);
	pipe = popen(command, "re");
	if (!pipe)
		return -errno;
	while (fgets(line, sizeof(line), pipe)) {
		double each = kinds[server->kind].parse(line);

		parts += each > 0;
		seconds += each;
	}
	if (pclose(pipe) || parts != kinds[server->kind].parts)
		return -EPROTO;
	*ret_per_second = parts / seconds;
	return 0;
}

int server_load(struct server *server, unsigned int requests, struct load *ret_load)
{
	uint64_t before, after, start;
	struct load load;
	int err = count_requests(server, &before);

	start = server_insns(server);
	if (!err)
		err = run_tool(server, requests, &load.per_second);
	load.server_insns = server_insns(server) - start;
	if (!err)
		err = count_requests(server, &after);
	if (err)
		return err;
	load.requests = after - before - kinds[server->kind].counts_stats;
	*ret_load = load;
	return load.requests ? 0 : -EPROTO;
}
