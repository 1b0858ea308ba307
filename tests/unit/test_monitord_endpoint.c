// SPDX-License-Identifier: GPL-2.0-or-later
/* What the endpoint of kview-monitord answers, over real sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/daemon/endpoint.h"
#include "unit.h"

#define TRIES 1000

struct subject {
	struct endpoint *endpoint;
	struct sockaddr_storage address;
	struct hosts hosts;
	char folder[32], key_file[48], key[128]; /* the file's line */
	char target[32];			 /* that was asked for last */
	int result;				 /* of the callback */
	size_t size;				 /* bytes it writes */
};

static int write_metrics(enum endpoint_page page, const char *target, FILE *out, void *data)
{
	static const char letters[] = {
		[ENDPOINT_METRICS] = 'x', [ENDPOINT_JSON] = 'j', [ENDPOINT_SESSIONS] = 's', [ENDPOINT_FLAME] = 'f'
	};
	struct subject *subject = data;

	snprintf(subject->target, sizeof(subject->target), "%s", target);
	for (size_t i = 0; i < subject->size; i++)
		fputc(letters[page], out);
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

static int open_at(struct subject *subject, struct endpoint **ret_endpoint)
{
	const struct endpoint_options options = { &subject->address, &subject->hosts, subject->key_file };

	return endpoint_open(&options, write_metrics, subject, ret_endpoint);
}

static void read_key(struct subject *subject)
{
	FILE *in = fopen(subject->key_file, "re");

	assert_non_null(in);
	assert_non_null(fgets(subject->key, sizeof(subject->key), in));
	fclose(in);
}

static int setup(void **state)
{
	struct subject *subject = calloc(1, sizeof(*subject));
	int err = -EADDRINUSE;

	strcpy(subject->folder, "/tmp/kview-endpoint-XXXXXX");
	assert_non_null(mkdtemp(subject->folder));
	snprintf(subject->key_file, sizeof(subject->key_file), "%s/key", subject->folder);

	for (int i = 0; err == -EADDRINUSE && i < TRIES; i++) {
		choose_port(&subject->address);
		err = open_at(subject, &subject->endpoint);
	}
	read_key(subject);
	*state = subject;
	return err;
}

static int teardown(void **state)
{
	struct subject *subject = *state;

	endpoint_close(subject->endpoint);
	assert_int_equal(access(subject->key_file, F_OK), -1);
	rmdir(subject->folder);
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
	expect(subject, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200",
	       "xxxx");
	expect(subject, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200", "");
	expect(subject, "GET /metrics?a=b HTTP/1.0\r\n\r\n", "HTTP/1.", "xxxx");
	expect(subject, "GET /metrics.json HTTP/1.0\r\n\r\n", "HTTP/1.", "jjjj");
	expect(subject, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.", NULL);
	expect(subject, "GET /monitor.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200",
	       NULL);
	expect(subject, "GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 404",
	       NULL);
	expect(subject,
	       "POST /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
	       "HTTP/1.1 405", NULL);
	subject->result = -EIO;
	expect(subject, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 500", NULL);
}

/* What a browser gets loads nothing from elsewhere. */
static void page(void **state)
{
	_cleanup_(freep) char *answer =
		exchange(*state, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

	assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none';"));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
	assert_non_null(strstr(answer, "<title>kview monitor</title>"));
	assert_null(strstr(answer, "://"));
}

/* What a stranger's name leads to this machine for, or another site sends. */
static void strangers(void **state)
{
	static const char *const refused[] = {
		"Host: evil.example:9464",
		"Host: 127.0.0.1.evil.example",
		"Host: localhost.evil.example",
		"Host: ",
		"Host: [::1",
		"Host: 127.0.0.1:1\r\nOrigin: http://evil.example",
		"Host: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:2",
		"Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site",
		"Host: 127.0.0.1\r\nOrigin: null",
	};
	static const char *const taken[] = {
		"Host: 127.0.0.1:9464",
		"Host: [::1]:9464",
		"Host: LocalHost",
		"Host: 192.0.2.7:80",
		"Host: monitor.example:9464",
		"Host: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:1",
		"Host: 127.0.0.1\r\nSec-Fetch-Site: none",
	};
	struct subject *subject = *state;
	char request[256], own[128] = "";

	subject->hosts.names[subject->hosts.count++] = "Monitor.Example";
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		snprintf(request, sizeof(request), "GET /metrics HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n",
			 refused[i]);
		expect(subject, request, "HTTP/1.1 403", NULL);
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		snprintf(request, sizeof(request), "GET / HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n", taken[i]);
		expect(subject, request, "HTTP/1.1 200", NULL);
	}
	assert_int_equal(gethostname(own, sizeof(own) - 1), 0);
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s:1\r\nConnection: close\r\n\r\n", own);
	expect(subject, request, "HTTP/1.1 200", NULL);
}

static void ask_with(struct subject *subject, const char *what, const char *key, const char *status, const char *body)
{
	char request[512];

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nConnection: close\r\n\r\n", what, key);
	expect(subject, request, status, body);
}

static void keys(void **state)
{
	struct subject *subject = *state;
	char *line = subject->key, right[100], wrong[100];
	char address[64];

	snprintf(address, sizeof(address),
		 "http://127.0.0.1:%u/#key=", ntohs(((struct sockaddr_in *)&subject->address)->sin_port));
	assert_int_equal(strncmp(line, address, strlen(address)), 0);
	snprintf(right, sizeof(right), "Bearer %.64s", line + strlen(address));
	snprintf(wrong, sizeof(wrong), "%s", right);
	wrong[20] = wrong[20] == 'a' ? 'b' : 'a';
	subject->size = 2;
	ask_with(subject, "/sessions.json", right, "HTTP/1.1 200", "ss");
	ask_with(subject, "/flame.svg?target=a%20b", right, "HTTP/1.1 200", "ff");
	assert_string_equal(subject->target, "a b");
	ask_with(subject, "/sessions.json", wrong, "HTTP/1.1 401", NULL);
	ask_with(subject, "/sessions.json", "Bearer ", "HTTP/1.1 401", NULL);
	ask_with(subject, "/flame.svg", right + strlen("Bearer "), "HTTP/1.1 401", NULL);
	ask_with(subject, "/metrics", wrong, "HTTP/1.1 200", "xx");
	subject->result = -EINPROGRESS;
	ask_with(subject, "/flame.svg", right, "HTTP/1.1 202", "ff");
	subject->result = -EBUSY;
	ask_with(subject, "/flame.svg", right, "HTTP/1.1 409", "ff");
	subject->result = -ENOENT;
	ask_with(subject, "/flame.svg", right, "HTTP/1.1 404", "ff");
}

/* Where it cannot be written nobody has it, not even who sends none. */
static void no_key(void **state)
{
	struct subject *subject = *state;

	endpoint_close(subject->endpoint);
	strcat(subject->key_file, "/none");
	assert_int_equal(open_at(subject, &subject->endpoint), 0);
	assert_int_equal(endpoint_key_error(subject->endpoint), -ENOENT);
	ask_with(subject, "/sessions.json", "Bearer ", "HTTP/1.1 401", NULL);
	ask_with(subject, "/metrics.json", "Bearer ", "HTTP/1.1 200", NULL);
}

static void much(void **state)
{
	struct subject *subject = *state;
	_cleanup_(freep) char *answer = NULL;

	subject->size = 900000;
	answer = exchange(subject, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_int_equal(strlen(strstr(answer, "\r\n\r\n") + 4), 900000);
}

static void taken(void **state)
{
	struct subject *subject = *state;
	struct endpoint *second;

	assert_int_equal(open_at(subject, &second), -EADDRINUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test_setup_teardown(page, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(keys, setup, teardown),
		cmocka_unit_test_setup_teardown(no_key, setup, teardown),
		cmocka_unit_test_setup_teardown(much, setup, teardown),
		cmocka_unit_test_setup_teardown(taken, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
