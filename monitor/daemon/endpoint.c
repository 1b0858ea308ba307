// SPDX-License-Identifier: GPL-2.0-or-later
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "page.h"
#include "page/http.h"
#include "page/key.h"

#define CONNECTIONS 32
#define IDLE_SECONDS 60 /* Prometheus asks every 15 s or minute over one connection */

struct endpoint {
	struct MHD_Daemon *daemon;
	endpoint_fn fn;
	void *data;
	const struct hosts *hosts;
	struct page_key key;
	int key_error;
	int fd;
};

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned int status, const char *text)
{
	return page_answer(connection, status, "text/plain; charset=utf-8", (char *)text, strlen(text),
			   MHD_RESPMEM_PERSISTENT);
}

static const struct page {
	const char *url, *type;
	bool needs_key;
} pages[] = {
	[ENDPOINT_METRICS] = { "/metrics", "text/plain; version=0.0.4; charset=utf-8", false },
	[ENDPOINT_JSON] = { "/metrics.json", "application/x-ndjson", false },
	[ENDPOINT_SESSIONS] = { "/sessions.json", "application/x-ndjson", true },
	[ENDPOINT_FLAME] = { "/flame.svg", "image/svg+xml", true },
};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

static unsigned int status_of(int err)
{
	switch (err) {
	case 0:
		return MHD_HTTP_OK;
	case -EINPROGRESS:
		return MHD_HTTP_ACCEPTED;
	case -ENOENT:
		return MHD_HTTP_NOT_FOUND;
	case -EBUSY:
		return MHD_HTTP_CONFLICT;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

static enum MHD_Result answer_page(struct endpoint *endpoint, struct MHD_Connection *connection,
				   enum endpoint_page page)
{
	const char *target = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "target");
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int err;

	if (pages[page].needs_key && !page_key_is(&endpoint->key, page_given_key(connection)))
		return answer_text(connection, MHD_HTTP_UNAUTHORIZED, "a key is needed: see kview monitor --page\n");
	out = open_memstream(&text, &len);
	err = out ? endpoint->fn(page, target ?: "", out, endpoint->data) : -ENOMEM;
	if (out && fclose(out))
		err = -ENOMEM;
	if (!err)
		return page_answer(connection, MHD_HTTP_OK, pages[page].type, text, len, MHD_RESPMEM_MUST_FREE);
	if (len && err != -ENOMEM)
		return page_answer(connection, status_of(err), "text/plain; charset=utf-8", text, len,
				   MHD_RESPMEM_MUST_FREE);
	free(text);
	return answer_text(connection, status_of(err), "this could not be written\n");
}

/* What is not a browser need not say whom it asks. */
static bool is_asked_by_own_name(const struct endpoint *endpoint, struct MHD_Connection *connection)
{
	const char *host = page_header(connection, "Host");

	return (!host || hosts_has(endpoint->hosts, host)) && page_is_own_origin(connection);
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
	if (!is_asked_by_own_name(data, connection))
		return answer_text(connection, MHD_HTTP_FORBIDDEN,
				   "asked by a name that is not this machine's, or by another site: "
				   "outputs: prometheus: names: has further names\n");
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
	for (enum endpoint_page page = 0; page < PAGES; page++)
		if (!strcmp(url, pages[page].url))
			return answer_page(data, connection, page);
	file = page_find(url);
	if (file)
		return page_answer(connection, MHD_HTTP_OK, file->type, (char *)file->text, strlen(file->text),
				   MHD_RESPMEM_PERSISTENT);
	return answer_text(connection, MHD_HTTP_NOT_FOUND,
			   "there are /, /metrics, /metrics.json, /sessions.json and /flame.svg\n");
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

/* As a browser of this machine can open it. */
static void write_address(const struct sockaddr_storage *address, char *text, size_t size)
{
	const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *ip4 = (const struct sockaddr_in *)address;
	char host[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, IN6_IS_ADDR_UNSPECIFIED(&ip6->sin6_addr) ? &in6addr_loopback : &ip6->sin6_addr,
			  host, sizeof(host));
		snprintf(text, size, "http://[%s]:%u/", host, ntohs(ip6->sin6_port));
		return;
	}
	inet_ntop(AF_INET, &ip4->sin_addr, host, sizeof(host));
	snprintf(text, size, "http://%s:%u/", ip4->sin_addr.s_addr ? host : "127.0.0.1", ntohs(ip4->sin_port));
}

int endpoint_open(const struct endpoint_options *options, endpoint_fn fn, void *data, struct endpoint **ret_endpoint)
{
	_cleanup_(endpoint_closep) struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	char address[INET6_ADDRSTRLEN + 24];
	_cleanup_(closep) int fd = -1;
	int err;

	if (!endpoint)
		return -ENOMEM;
	endpoint->fn = fn;
	endpoint->data = data;
	endpoint->hosts = options->hosts;
	err = listen_at(options->address, &fd);
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
	write_address(options->address, address, sizeof(address));
	endpoint->key_error = page_key_make(options->key_file, address, "kview", &endpoint->key);
	*ret_endpoint = TAKE_PTR(endpoint);
	return 0;
}

void endpoint_close(struct endpoint *endpoint)
{
	if (!endpoint)
		return;
	if (endpoint->daemon)
		MHD_stop_daemon(endpoint->daemon);
	page_key_deinit(&endpoint->key);
	free(endpoint);
}

void endpoint_set_hosts(struct endpoint *endpoint, const struct hosts *hosts)
{
	endpoint->hosts = hosts;
}

int endpoint_key_error(const struct endpoint *endpoint)
{
	return endpoint->key_error;
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
