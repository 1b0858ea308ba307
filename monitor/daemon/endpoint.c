// SPDX-License-Identifier: GPL-2.0-or-later
#include "endpoint.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "page.h"
#include "page/headers.h"

#define CONNECTIONS 32
#define IDLE_SECONDS 60 /* Prometheus asks every 15 s or minute over one connection */

struct endpoint {
	struct MHD_Daemon *daemon;
	endpoint_fn fn;
	void *data;
	int fd;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status, const char *type, char *text,
			      size_t len, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text, mode);
	enum MHD_Result result;

	if (!response) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	for (size_t i = 0; i < PAGE_HEADERS; i++)
		MHD_add_response_header(response, page_headers[i][0], page_headers[i][1]);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned int status, const char *text)
{
	return answer(connection, status, "text/plain; charset=utf-8", (char *)text, strlen(text),
		      MHD_RESPMEM_PERSISTENT);
}

static const struct page {
	const char *url, *type;
} pages[] = {
	[ENDPOINT_METRICS] = { "/metrics", "text/plain; version=0.0.4; charset=utf-8" },
	[ENDPOINT_JSON] = { "/metrics.json", "application/x-ndjson" },
};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

static enum MHD_Result answer_page(struct endpoint *endpoint, struct MHD_Connection *connection,
				   enum endpoint_page page)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err = out ? endpoint->fn(page, out, endpoint->data) : -ENOMEM;

	if (out && fclose(out))
		err = -ENOMEM;
	if (!err)
		return answer(connection, MHD_HTTP_OK, pages[page].type, text, len, MHD_RESPMEM_MUST_FREE);
	free(text);
	return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the metrics could not be written\n");
}

static enum MHD_Result take_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
				    const char *version, const char *body, size_t *body_len, void **state)
{
	const struct page_file *file;
	static int begun;

	(void)version;
	(void)body;
	/* Called at the headers, for each piece of a body, and at the end. */
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*body_len) {
		*body_len = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
	for (enum endpoint_page page = 0; page < PAGES; page++)
		if (!strcmp(url, pages[page].url))
			return answer_page(data, connection, page);
	file = page_find(url);
	if (file)
		return answer(connection, MHD_HTTP_OK, file->type, (char *)file->text, strlen(file->text),
			      MHD_RESPMEM_PERSISTENT);
	return answer_text(connection, MHD_HTTP_NOT_FOUND, "there are /, /metrics and /metrics.json\n");
}

/* Bound here, so that its errors are known. */
static int listen_at(const struct sockaddr_storage *address, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	const int yes = 1;

	fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (const struct sockaddr *)address,
		 address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) ||
	    listen(fd, CONNECTIONS))
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int endpoint_open(const struct sockaddr_storage *address, endpoint_fn fn, void *data, struct endpoint **ret_endpoint)
{
	_cleanup_(endpoint_closep) struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	_cleanup_(closep) int fd = -1;
	int err;

	if (!endpoint)
		return -ENOMEM;
	endpoint->fn = fn;
	endpoint->data = data;
	err = listen_at(address, &fd);
	if (err)
		return err;
	endpoint->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, take_request, endpoint,
					    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
					    (unsigned int)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
					    (unsigned int)IDLE_SECONDS, MHD_OPTION_END);
	if (!endpoint->daemon)
		return -ENOMEM;
	TAKE_FD(fd);
	endpoint->fd = MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	*ret_endpoint = TAKE_PTR(endpoint);
	return 0;
}

void endpoint_close(struct endpoint *endpoint)
{
	if (!endpoint)
		return;
	if (endpoint->daemon)
		MHD_stop_daemon(endpoint->daemon);
	free(endpoint);
}

int endpoint_fd(const struct endpoint *endpoint)
{
	return endpoint->fd;
}

int endpoint_timeout(const struct endpoint *endpoint)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(endpoint->daemon, &ms) != MHD_YES)
		return -1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

void endpoint_run(struct endpoint *endpoint)
{
	MHD_run(endpoint->daemon);
}
