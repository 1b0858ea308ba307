// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "shield.h"
#include "util/cleanup.h"

#define PREFIX "shield-"
#define SUFFIX ".sock"
#define WAIT_SECONDS 10 /* for the other side; nobody but root can keep us waiting */

static struct sockaddr_un make_address(const char *interface)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), SHIELD_FOLDER "/" PREFIX "%s" SUFFIX, interface);
	return address;
}

static int new_socket(int flags)
{
	const struct timeval wait = { .tv_sec = WAIT_SECONDS };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return fd;
}

static int connect_to(const char *interface, int *ret_fd)
{
	struct sockaddr_un address = make_address(interface);
	_cleanup_(closep) int fd = new_socket(0);

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* --- the owner ------------------------------------------------------------------------------------------------------ */

int shield_socket_listen(const char *interface, int *ret_fd)
{
	struct sockaddr_un address = make_address(interface);
	_cleanup_(closep) int fd = -1, other = -1;
	mode_t mask;
	int err;

	if (mkdir(SHIELD_FOLDER, 0755) && errno != EEXIST)
		return -errno;
	/* What a killed owner leaves is a name that nobody answers to. */
	if (!connect_to(interface, &other))
		return -EADDRINUSE;
	unlink(address.sun_path);
	fd = new_socket(SOCK_NONBLOCK);
	if (fd < 0)
		return fd;
	mask = umask(0177);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (err)
		return err;
	if (listen(fd, 8))
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void shield_socket_remove(const char *interface)
{
	struct sockaddr_un address = make_address(interface);

	unlink(address.sun_path);
}

static int read_line(int fd, char line[SHIELD_QUESTION_MAX])
{
	size_t len = 0;

	while (len + 1 < SHIELD_QUESTION_MAX) {
		if (read(fd, line + len, 1) != 1)
			return -EIO;
		if (line[len] == '\n') {
			line[len] = '\0';
			return 0;
		}
		len++;
	}
	return -EMSGSIZE;
}

int shield_socket_take(int listener, char question[SHIELD_QUESTION_MAX], int *ret_fd)
{
	const struct timeval wait = { .tv_sec = 1 };
	_cleanup_(closep) int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	err = read_line(fd, question);
	if (err)
		return err;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int shield_socket_answer(int fd, const json_t *answer)
{
	return !answer || json_dumpfd(answer, fd, JSON_COMPACT) ? -EIO : 0;
}

/* --- those who ask -------------------------------------------------------------------------------------------------- */

/* The interface in the name of a socket. */
static bool take_interface(const char *name, char *interface, size_t size)
{
	size_t len = strlen(name), around = strlen(PREFIX) + strlen(SUFFIX);

	if (len <= around || strncmp(name, PREFIX, strlen(PREFIX)) || strcmp(name + len - strlen(SUFFIX), SUFFIX))
		return false;
	snprintf(interface, size, "%.*s", (int)(len - around), name + strlen(PREFIX));
	return true;
}

/* The only shield whose owner answers: 1, or how many there are. */
static size_t find_only(char *interface, size_t size)
{
	_cleanup_(closedirp) DIR *dir = opendir(SHIELD_FOLDER);
	struct dirent *entry;
	char name[256];
	size_t count = 0;

	while (dir && (entry = readdir(dir))) {
		_cleanup_(closep) int fd = -1;

		if (!take_interface(entry->d_name, name, sizeof(name)) || connect_to(name, &fd))
			continue;
		snprintf(interface, size, "%s", name);
		count++;
	}
	return count;
}

static int exchange(int fd, const char *question, json_t **ret_answer)
{
	if (dprintf(fd, "%s\n", question) < 0)
		return -errno;
	*ret_answer = json_loadfd(fd, 0, NULL);
	return *ret_answer ? 0 : -EIO;
}

int shield_socket_ask(const char *interface, const char *question, json_t **ret_answer)
{
	_cleanup_(json_decrefp) json_t *answer = NULL;
	_cleanup_(closep) int fd = -1;
	char only[256];
	size_t count;
	int err;

	if (!interface) {
		count = find_only(only, sizeof(only));
		if (count != 1)
			return cli_fail(-ENOENT,
					count ? "several interfaces have one; name the interface"
					      : "no interface has one that answers; kview shield run starts one",
					"shield");
		interface = only;
	}
	err = connect_to(interface, &fd);
	if (err)
		return cli_fail(err, err == -ENOENT || err == -ECONNREFUSED ? "it has no shield that answers" : NULL,
				"%s", interface);
	err = exchange(fd, question, &answer);
	if (err)
		return cli_fail(err, NULL, "%s: no answer from the shield's owner", interface);
	if (json_object_get(answer, "error"))
		return cli_fail(-EINVAL, json_string_value(json_object_get(answer, "error")), "%s", interface);
	*ret_answer = TAKE_PTR(answer);
	return CLI_OK;
}
