// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket.h"
#include "util/cleanup.h"

#define FOLDER "/run/kview"
#define PREFIX "shield-"
#define SUFFIX ".sock"
#define OWNER_WAITS_MS 1000

static struct sockaddr_un make_address(const char *interface)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), FOLDER "/" PREFIX "%s" SUFFIX, interface);
	return address;
}

static int new_socket(int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	return fd < 0 ? -errno : fd;
}

static void wait_at_most(int fd, unsigned int ms)
{
	const struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

static int connect_to(const char *interface, unsigned int wait_ms, int *ret_fd)
{
	struct sockaddr_un address = make_address(interface);
	_cleanup_(closep) int fd = new_socket(0);

	if (fd < 0)
		return fd;
	wait_at_most(fd, wait_ms);
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

	if (mkdir(FOLDER, 0755) && errno != EEXIST)
		return -errno;
	/* What a killed owner leaves is a name that nobody answers to. */
	if (!connect_to(interface, OWNER_WAITS_MS, &other))
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
	_cleanup_(closep) int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	wait_at_most(fd, OWNER_WAITS_MS);
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

int shield_socket_each(shield_interface_fn fn, void *data)
{
	_cleanup_(closedirp) DIR *dir = opendir(FOLDER);
	struct dirent *entry;
	char name[256];
	int err = 0;

	while (!err && dir && (entry = readdir(dir)))
		if (take_interface(entry->d_name, name, sizeof(name)))
			err = fn(name, data);
	return err;
}

int shield_socket_ask(const char *interface, const char *question, unsigned int wait_ms, json_t **ret_answer)
{
	_cleanup_(closep) int fd = -1;
	json_t *answer;
	int err = connect_to(interface, wait_ms, &fd);

	if (err)
		return err;
	if (dprintf(fd, "%s\n", question) < 0)
		return -errno;
	answer = json_loadfd(fd, 0, NULL);
	if (!answer)
		return -EIO;
	*ret_answer = answer;
	return 0;
}
