// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_server.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "scope.h"

#define CLIENTS_MAX 32
#define SEND_SECONDS 1 /* that an answer may keep everybody waiting */
#define READ_SIZE 65536

struct client {
	int fd; /* -1: free */
	bool follows;
	struct guard_asker asker;
	uint64_t missed; /* events since it last could keep up */
	char *text;	 /* what came of a line so far */
	size_t len;
};

struct guard_server {
	int epoll, fd;
	struct sockaddr_un address;
	guard_answer_fn answer;
	void *data;
	struct client clients[CLIENTS_MAX];
};

static int watch(struct guard_server *server, int fd, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* A socket that nobody answers at was left by a guard that died. */
static int remove_left_over(const struct sockaddr_un *address)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -EADDRINUSE;
	return errno != ECONNREFUSED || !unlink(address->sun_path) ? 0 : -errno;
}

static int listen_at(struct guard_server *server)
{
	const struct group *group = getgrnam("kview");
	mode_t mask;
	int err;

	err = remove_left_over(&server->address);
	if (err)
		return err;
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->fd < 0)
		return -errno;
	mask = umask(0117);
	err = bind(server->fd, (struct sockaddr *)&server->address, sizeof(server->address)) ? -errno : 0;
	umask(mask);
	if (!err && group && chown(server->address.sun_path, -1, group->gr_gid))
		err = -errno;
	if (!err && listen(server->fd, CLIENTS_MAX))
		err = -errno;
	return err ? err : watch(server, server->fd, NULL);
}

int guard_server_open(const char *path, guard_answer_fn answer, void *data, struct guard_server **ret_server)
{
	_cleanup_(guard_server_closep) struct guard_server *server = calloc(1, sizeof(*server));
	size_t i;
	int err;

	if (!server)
		return -ENOMEM;
	server->fd = -1;
	server->answer = answer;
	server->data = data;
	for (i = 0; i < CLIENTS_MAX; i++)
		server->clients[i].fd = -1;
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll < 0)
		return -errno;
	if (strlen(path) >= sizeof(server->address.sun_path))
		return -ENAMETOOLONG;
	server->address.sun_family = AF_UNIX;
	strcpy(server->address.sun_path, path);
	err = listen_at(server);
	if (err)
		return err;
	*ret_server = TAKE_PTR(server);
	return 0;
}

static void drop(struct client *client)
{
	close(client->fd);
	free(client->text);
	*client = (struct client){ .fd = -1 };
}

void guard_server_close(struct guard_server *server)
{
	size_t i;

	if (!server)
		return;
	for (i = 0; i < CLIENTS_MAX; i++)
		if (server->clients[i].fd >= 0)
			drop(&server->clients[i]);
	if (server->fd >= 0) {
		unlink(server->address.sun_path);
		close(server->fd);
	}
	if (server->epoll >= 0)
		close(server->epoll);
	free(server);
}

int guard_server_fd(const struct guard_server *server)
{
	return server->epoll;
}

json_t *guard_server_refusal(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

/* --- clients --- */

static int send_line(const struct client *client, const json_t *json, int flags)
{
	_cleanup_(freep) char *text = json_dumps(json, JSON_COMPACT);
	size_t len, done = 0;
	ssize_t sent;

	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len++] = '\n'; /* in place of its end */
	while (done < len) {
		sent = send(client->fd, text + done, len - done, MSG_NOSIGNAL | (done ? 0 : flags));
		if (sent < 0)
			return -errno;
		done += sent;
	}
	return 0;
}

static void accept_client(struct guard_server *server)
{
	const struct timeval wait = { .tv_sec = SEND_SECONDS };
	struct ucred peer = { .uid = -1 };
	socklen_t size = sizeof(peer);
	struct client *client = server->clients;
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	while (client < server->clients + CLIENTS_MAX && client->fd >= 0)
		client++;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	if (client == server->clients + CLIENTS_MAX || watch(server, fd, client)) {
		close(fd);
		return;
	}
	client->fd = fd;
	client->asker.may_change = !peer.uid;
	snprintf(client->asker.name, sizeof(client->asker.name), "user %d", (int)peer.uid);
}

static json_t *answer_line(struct guard_server *server, struct client *client, const char *line, json_t **ret_after)
{
	_cleanup_(json_decrefp) json_t *request = NULL;
	json_error_t error;
	const char *what;

	request = json_loads(line, 0, &error);
	if (!json_is_object(request))
		return guard_server_refusal("expected an object of JSON: %s", request ? "this is none" : error.text);
	if (json_integer_value(json_object_get(request, "version")) != GUARD_PROTOCOL_VERSION)
		return guard_server_refusal("version: expected %d", GUARD_PROTOCOL_VERSION);
	what = json_string_value(json_object_get(request, "do"));
	if (!what)
		return guard_server_refusal("do: expected the name of a request");
	if (strcmp(what, "events"))
		return server->answer(server->data, what, request, &client->asker);
	client->follows = true;
	*ret_after = json_incref(json_object_get(request, "after"));
	return json_pack("{s:b}", "ok", 1);
}

/* What was kept since a client looked, before what comes now. */
static int send_since(struct guard_server *server, struct client *client, const json_t *after)
{
	_cleanup_(json_decrefp) json_t *request = json_pack("{s:O}", "after", after);
	_cleanup_(json_decrefp) json_t *answer = NULL;
	const json_t *event;
	size_t i;
	int err = 0;

	answer = server->answer(server->data, "history", request, &client->asker);
	json_array_foreach(json_object_get(answer, "events"), i, event)
		err = err ?: send_line(client, event, 0);
	return err;
}

static int take_line(struct guard_server *server, struct client *client, char *line)
{
	_cleanup_(json_decrefp) json_t *after = NULL;
	_cleanup_(json_decrefp) json_t *answer = answer_line(server, client, line, &after);
	int err;

	if (!answer)
		return -ENOMEM;
	json_object_set_new(answer, "version", json_integer(GUARD_PROTOCOL_VERSION));
	err = send_line(client, answer, 0);
	return err || !after ? err : send_since(server, client, after);
}

/* All lines that are complete. */
static int take_lines(struct guard_server *server, struct client *client)
{
	char *begin = client->text, *end;
	int err = 0;

	while (!err && (end = memchr(begin, '\n', client->text + client->len - begin))) {
		*end = '\0';
		err = take_line(server, client, begin);
		begin = end + 1;
	}
	client->len -= begin - client->text;
	memmove(client->text, begin, client->len);
	return err;
}

static int read_client(struct guard_server *server, struct client *client)
{
	char *text = realloc(client->text, client->len + READ_SIZE);
	ssize_t len;

	if (!text)
		return -ENOMEM;
	client->text = text;
	len = recv(client->fd, text + client->len, READ_SIZE, MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0)
		return len ? -errno : -ECONNRESET;
	client->len += len;
	return client->len > GUARD_REQUEST_MAX ? -EMSGSIZE : take_lines(server, client);
}

int guard_server_serve(struct guard_server *server)
{
	struct epoll_event events[CLIENTS_MAX];
	struct client *client;
	int i, count;

	count = epoll_wait(server->epoll, events, CLIENTS_MAX, 0);
	for (i = 0; i < count; i++) {
		client = events[i].data.ptr;
		if (!client)
			accept_client(server);
		else if (client->fd >= 0 && read_client(server, client))
			drop(client);
	}
	return 0;
}

/* First how many it missed, if so. */
static int tell_client(struct client *client, const json_t *event)
{
	_cleanup_(json_decrefp) json_t *missed = NULL;
	int err;

	if (client->missed) {
		missed = json_pack("{s:I}", "missed", (json_int_t)client->missed);
		err = missed ? send_line(client, missed, MSG_DONTWAIT) : -ENOMEM;
		if (err)
			return err;
		client->missed = 0;
	}
	return send_line(client, event, MSG_DONTWAIT);
}

void guard_server_tell(struct guard_server *server, const json_t *event)
{
	struct client *client;
	int err;

	for (client = server->clients; client < server->clients + CLIENTS_MAX; client++) {
		if (client->fd < 0 || !client->follows)
			continue;
		err = tell_client(client, event);
		if (err == -EAGAIN)
			client->missed++;
		else if (err)
			drop(client);
	}
}
