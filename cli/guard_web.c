// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "guard_metrics.h"
#include "guard_requests.h"
#include "page/http.h"
#include "page/key.h"
#include "scope.h"

#define CONNECTIONS 32
#define IDLE_SECONDS 60
#define ROUNDS 1000 /* in a row; the rest waits for the next second */
#define SCRIPT "text/javascript; charset=utf-8"

enum right {
	RIGHT_NONE,
	RIGHT_LOOK,
	RIGHT_ACT,
	RIGHTS,
};

struct guard_web {
	struct MHD_Daemon *daemon;
	struct guard_state *state;
	char address[40], host[32], local_host[32]; /* "127.0.0.1:9466", "localhost:9466" */
	struct page_key keys[RIGHTS];
	int fd;
};

/* A request whose body comes in pieces. */
struct body {
	char *text;
	size_t len;
	bool too_long;
};

static const char page_html[] =
#include "guard/page/index.html.inc"
	;
static const char page_css[] =
#include "page/page.css.inc"
	;
static const char guard_js[] =
#include "guard/page/guard.js.inc"
	;
static const char matrix_js[] =
#include "guard/page/matrix.js.inc"
	;
static const char key_js[] =
#include "page/key.js.inc"
	;
static const char table_js[] =
#include "page/table.js.inc"
	;
static const char text_js[] =
#include "page/text.js.inc"
	;

static const struct {
	const char *url, *type, *text;
} files[] = {
	{ "/", "text/html; charset=utf-8", page_html },
	{ "/page.css", "text/css; charset=utf-8", page_css },
	{ "/guard.js", SCRIPT, guard_js },
	{ "/matrix.js", SCRIPT, matrix_js },
	{ "/key.js", SCRIPT, key_js },
	{ "/table.js", SCRIPT, table_js },
	{ "/text.js", SCRIPT, text_js },
};

/* --- answers --- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned int status, const char *type,
				   const char *text, size_t len)
{
	return page_answer(connection, status, type, (char *)text, len, MHD_RESPMEM_MUST_COPY);
}

/* @json is taken over. */
static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned int status, json_t *json)
{
	_cleanup_(json_decrefp) json_t *owned = json;
	_cleanup_(freep) char *text = json_dumps(json, JSON_COMPACT);

	return text ? send_answer(connection, status, "application/json", text, strlen(text)) : MHD_NO;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status, const char *why)
{
	return send_json(connection, status, guard_server_refusal("%s", why));
}

/* --- who asks --- */

/* Names that lead here but are not ours would make this server a part of somebody else's site (DNS rebinding). */
static bool is_ours(const struct guard_web *web, struct MHD_Connection *connection)
{
	const char *host = page_header(connection, "Host");

	return host && (!strcmp(host, web->host) || !strcmp(host, web->local_host)) && page_is_own_origin(connection);
}

static enum right right_of(const struct guard_web *web, struct MHD_Connection *connection)
{
	const char *given = page_given_key(connection);

	if (page_key_is(&web->keys[RIGHT_ACT], given))
		return RIGHT_ACT;
	return page_key_is(&web->keys[RIGHT_LOOK], given) ? RIGHT_LOOK : RIGHT_NONE;
}

/* --- requests --- */

static json_t *answer(struct guard_web *web, const char *text, enum right right)
{
	const struct guard_asker asker = { .name = "the page", .may_change = right == RIGHT_ACT };
	_cleanup_(json_decrefp) json_t *request = json_loads(text, 0, NULL);
	const char *what = json_string_value(json_object_get(request, "do"));
	json_t *answer;

	if (!what || json_integer_value(json_object_get(request, "version")) != GUARD_PROTOCOL_VERSION)
		return guard_server_refusal("expected a request of version %d", GUARD_PROTOCOL_VERSION);
	answer = guard_answer(web->state, what, request, &asker);
	json_object_set_new(answer, "version", json_integer(GUARD_PROTOCOL_VERSION));
	json_object_set_new(answer, "may_change", json_boolean(asker.may_change));
	return answer;
}

static enum MHD_Result answer_request(struct guard_web *web, struct MHD_Connection *connection, const struct body *body)
{
	const char *type = page_header(connection, "Content-Type");
	enum right right = right_of(web, connection);

	if (right == RIGHT_NONE)
		return refuse(connection, MHD_HTTP_UNAUTHORIZED, "a key is needed: see kview guard web");
	if (!type || strcmp(type, "application/json"))
		return refuse(connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "expected application/json");
	if (body->too_long)
		return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too long");
	return send_json(connection, MHD_HTTP_OK, answer(web, body->text ?: "", right));
}

static enum MHD_Result answer_metrics(struct guard_web *web, struct MHD_Connection *connection)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (right_of(web, connection) == RIGHT_NONE)
		return refuse(connection, MHD_HTTP_UNAUTHORIZED, "a key is needed: see kview guard web");
	out = open_memstream(&text, &len);
	err = out ? guard_metrics_write(web->state, out) : -ENOMEM;
	if (out && fclose(out))
		err = -ENOMEM;
	if (err)
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, strerror(-err));
	return send_answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text, len);
}

static enum MHD_Result answer_file(struct MHD_Connection *connection, const char *url)
{
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(url, files[i].url))
			return send_answer(connection, MHD_HTTP_OK, files[i].type, files[i].text,
					   strlen(files[i].text));
	return refuse(connection, MHD_HTTP_NOT_FOUND, "there is no such page");
}

static void take_body(struct body *body, const char *data, size_t len)
{
	char *text;

	if (body->len + len > GUARD_REQUEST_MAX)
		body->too_long = true;
	text = body->too_long ? NULL : realloc(body->text, body->len + len + 1);
	if (!text) {
		body->too_long = true;
		return;
	}
	memcpy(text + body->len, data, len);
	body->len += len;
	text[body->len] = '\0';
	body->text = text;
}

static enum MHD_Result take_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
				    const char *version, const char *upload, size_t *upload_len, void **request)
{
	struct guard_web *web = data;
	struct body *body = *request;
	bool gets = !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);

	(void)version;
	/* Called at the headers, for each piece of a body, and at the end. */
	if (!body) {
		*request = calloc(1, sizeof(*body));
		return *request ? MHD_YES : MHD_NO;
	}
	if (*upload_len) {
		take_body(body, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (!is_ours(web, connection))
		return refuse(connection, MHD_HTTP_FORBIDDEN, "this is asked by another site");
	if (!strcmp(url, "/api") && !strcmp(method, MHD_HTTP_METHOD_POST))
		return answer_request(web, connection, body);
	if (!gets)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "there is GET, and POST /api");
	return strcmp(url, "/metrics") ? answer_file(connection, url) : answer_metrics(web, connection);
}

static void end_request(void *data, struct MHD_Connection *connection, void **request,
			enum MHD_RequestTerminationCode code)
{
	struct body *body = *request;

	(void)data;
	(void)connection;
	(void)code;
	if (body)
		free(body->text);
	free(body);
	*request = NULL;
}

/* --- keys --- */

static int make_keys(struct guard_web *web, const char *socket)
{
	static const struct {
		const char *name, *group;
	} kinds[RIGHTS] = { [RIGHT_LOOK] = { "look", "kview" }, [RIGHT_ACT] = { "act", NULL } };
	enum right right;
	int err = 0;

	for (right = RIGHT_LOOK; !err && right < RIGHTS; right++) {
		_cleanup_(freep) char *file = NULL;

		if (asprintf(&file, "%s.%s", socket, kinds[right].name) < 0) {
			file = NULL;
			return -ENOMEM;
		}
		err = page_key_make(file, web->address, kinds[right].group, &web->keys[right]);
	}
	return err;
}

/* --- the server --- */

static int listen_at(struct guard_web *web, uint16_t port, int *ret_fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	_cleanup_(closep) int fd = -1;
	const int yes = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, CONNECTIONS) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		return -errno;
	port = ntohs(address.sin_port);
	snprintf(web->host, sizeof(web->host), "127.0.0.1:%u", port);
	snprintf(web->local_host, sizeof(web->local_host), "localhost:%u", port);
	snprintf(web->address, sizeof(web->address), "http://%s/", web->host);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int guard_web_open(struct guard_state *state, uint16_t port, const char *socket, struct guard_web **ret_web)
{
	_cleanup_(guard_web_closep) struct guard_web *web = calloc(1, sizeof(*web));
	_cleanup_(closep) int fd = -1;
	int err;

	if (!web)
		return -ENOMEM;
	web->state = state;
	err = listen_at(web, port, &fd);
	if (err)
		return err;
	web->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, take_request, web, MHD_OPTION_LISTEN_SOCKET, fd,
				       MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
				       MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS,
				       MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL, MHD_OPTION_END);
	if (!web->daemon)
		return -ENOMEM;
	TAKE_FD(fd);
	web->fd = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	err = make_keys(web, socket);
	if (err)
		return err;
	*ret_web = TAKE_PTR(web);
	return 0;
}

void guard_web_close(struct guard_web *web)
{
	enum right right;

	if (!web)
		return;
	if (web->daemon)
		MHD_stop_daemon(web->daemon);
	for (right = RIGHT_LOOK; right < RIGHTS; right++)
		page_key_deinit(&web->keys[right]);
	free(web);
}

const char *guard_web_address(const struct guard_web *web)
{
	return web->address;
}

int guard_web_fd(const struct guard_web *web)
{
	return web->fd;
}

/* What libmicrohttpd has read but not looked at makes no descriptor readable. */
int guard_web_serve(struct guard_web *web)
{
	MHD_UNSIGNED_LONG_LONG ms;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		MHD_run(web->daemon);
		if (MHD_get_timeout(web->daemon, &ms) != MHD_YES || ms)
			break;
	}
	return 0;
}
