// SPDX-License-Identifier: GPL-2.0-or-later
/* What the endpoint of kview-monitord answers, over real sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "monitor/daemon/endpoint.h"
#include "unit.h"

#define TRIES 1000

struct subject {
	struct endpoint *endpoint;
	struct sockaddr_storage address;
	int result; /* of the callback */
	size_t size; /* bytes it writes */
};

static int write_metrics(enum endpoint_page page, FILE *out, void *data)
{
	const struct subject *subject = data;

	for (size_t i = 0; i < subject->size; i++)
		fputc(page == ENDPOINT_JSON ? 'j' : 'x', out);
	return subject->result;
}

/* A port nobody has. */
static void choose_port(struct sockaddr_storage *address)
{
	struct sockaddr_in *ip4 = (struct sockaddr_in *)address;
	socklen_t len = sizeof(*ip4);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_storage){};
	ip4->sin_family = AF_INET;
	ip4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)ip4, sizeof(*ip4)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ip4, &len), 0);
	close(fd);
}

static int setup(void **state)
{
	struct subject *subject = calloc(1, sizeof(*subject));
	int err = -EADDRINUSE;

	for (int i = 0; err == -EADDRINUSE && i < TRIES; i++) {
		choose_port(&subject->address);
		err = endpoint_open(&subject->address, write_metrics, subject, &subject->endpoint);
	}
	*state = subject;
	return err;
}

static int teardown(void **state)
{
	struct subject *subject = *state;

	endpoint_close(subject->endpoint);
	free(subject);
	return 0;
}

/* Send @request on a connection of its own; the caller's is what comes back until it is closed. */
static char *exchange(struct subject *subject, const char *request)
{
	size_t len = 0, size = 1 << 20;
	char *text = calloc(1, size);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t got = 1;

	assert_int_equal(connect(fd, (struct sockaddr *)&subject->address, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	while (got) {
		struct pollfd fds[] = { { .fd = endpoint_fd(subject->endpoint), .events = POLLIN },
					{ .fd = fd, .events = POLLIN } };

		assert_int_not_equal(poll(fds, 2, 10000), 0);
		endpoint_run(subject->endpoint);
		got = fds[1].revents ? recv(fd, text + len, size - len - 1, 0) : 1;
		assert_true(got >= 0);
		len += fds[1].revents ? got : 0;
	}
	close(fd);
	return text;
}

static void expect(struct subject *subject, const char *request, const char *status, const char *body)
{
	_cleanup_(freep) char *answer = exchange(subject, request);
	const char *end = strstr(answer, "\r\n\r\n");

	assert_int_equal(strncmp(answer, status, strlen(status)), 0);
	assert_non_null(end);
	if (body)
		assert_string_equal(end + 4, body);
}

static void answers(void **state)
{
	struct subject *subject = *state;

	subject->size = 4;
	expect(subject, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200", "xxxx");
	expect(subject, "HEAD /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200", "");
	expect(subject, "GET /metrics?a=b HTTP/1.0\r\n\r\n", "HTTP/1.", "xxxx");
	expect(subject, "GET /metrics.json HTTP/1.0\r\n\r\n", "HTTP/1.", "jjjj");
	expect(subject, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.", NULL);
	expect(subject, "GET /monitor.js HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200", NULL);
	expect(subject, "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 404", NULL);
	expect(subject, "POST /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
	       "HTTP/1.1 405", NULL);
	subject->result = -EIO;
	expect(subject, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 500", NULL);
}

/* What a browser gets loads nothing from elsewhere. */
static void page(void **state)
{
	_cleanup_(freep) char *answer = exchange(*state, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

	assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none';"));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
	assert_non_null(strstr(answer, "<title>kview monitor</title>"));
	assert_null(strstr(answer, "://"));
}

static void much(void **state)
{
	struct subject *subject = *state;
	_cleanup_(freep) char *answer = NULL;

	subject->size = 900000;
	answer = exchange(subject, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert_int_equal(strlen(strstr(answer, "\r\n\r\n") + 4), 900000);
}

static void taken(void **state)
{
	struct subject *subject = *state;
	struct endpoint *second;

	assert_int_equal(endpoint_open(&subject->address, write_metrics, subject, &second), -EADDRINUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test_setup_teardown(page, setup, teardown),
		cmocka_unit_test_setup_teardown(much, setup, teardown),
		cmocka_unit_test_setup_teardown(taken, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
