// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request to a daemon of our own, which answers it and closes: HTTP/1.0 has nothing more in it. A library for that
 * would be loaded by every kview command.
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "top.h"
#include "util/cleanup.h"

#define TIMEOUT 10 /* seconds without a byte */
#define HOST_MAX 256

/* "HOST:PORT", "[ADDRESS]:PORT" */
static int split(const char *address, char host[HOST_MAX], const char **ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? colon - address : 0;

	if (!len || !colon[1] || len >= HOST_MAX)
		return -EINVAL;
	if (address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	memcpy(host, address, len);
	host[len] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static int connect_to(const struct addrinfo *address, int *ret_fd)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT };
	_cleanup_(closep) int fd = -1;

	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, address->ai_addr, address->ai_addrlen))
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_connection(const char *address, int *ret_fd, char *why, size_t size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char host[HOST_MAX];
	const char *port;
	int err;

	if (split(address, host, &port)) {
		snprintf(why, size, "expected HOST:PORT, as 127.0.0.1:9464");
		return -EINVAL;
	}
	err = getaddrinfo(host, port, &hints, &found);
	if (err) {
		snprintf(why, size, "%s", gai_strerror(err));
		return -EINVAL;
	}
	err = -ENOENT;
	for (const struct addrinfo *one = found; err && one; one = one->ai_next)
		err = connect_to(one, ret_fd);
	freeaddrinfo(found);
	if (err)
		snprintf(why, size, "%s; is kview-monitord running, with an output prometheus there?", strerror(-err));
	return err;
}

/* The head of the answer, up to the empty line. */
static int take_head(FILE *in, char *why, size_t size)
{
	char line[512];
	int status = 0;

	if (!fgets(line, sizeof(line), in) || sscanf(line, "HTTP/1.%*d %d", &status) != 1 || status != 200) {
		snprintf(why, size, "no answer of kview-monitord%s", status ? ", but an error" : "");
		return -EBADMSG;
	}
	while (fgets(line, sizeof(line), in))
		if (!strcmp(line, "\r\n"))
			return 0;
	snprintf(why, size, "the answer ends early");
	return -EBADMSG;
}

int top_fetch(const char *address, struct top_snapshot *ret_snapshot, char *why, size_t size)
{
	static const char request[] = "GET /metrics.json HTTP/1.0\r\n\r\n";
	_cleanup_(closep) int fd = -1;
	FILE *in;
	int err;

	err = open_connection(address, &fd, why, size);
	if (err)
		return err;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) {
		snprintf(why, size, "%s", strerror(errno));
		return -EIO;
	}
	in = fdopen(fd, "r");
	if (!in)
		return -errno;
	TAKE_FD(fd);
	err = take_head(in, why, size);
	if (!err) {
		err = top_snapshot_read(in, ret_snapshot);
		if (err)
			snprintf(why, size, "%s", err == -EBADMSG ? "no metrics of kview-monitord" : strerror(-err));
	}
	fclose(in);
	return err;
}
