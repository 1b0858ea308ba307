// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ask another program. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

static int spawn(const char *const *argv, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return -err;
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(ret_pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* What does not fit is read and dropped, so that the program can end. */
static void read_all(int fd, char *text, size_t size)
{
	char rest[256];
	size_t len = 0;
	ssize_t got;

	do {
		bool full = len == size - 1;

		got = full ? read(fd, rest, sizeof(rest)) : read(fd, text + len, size - 1 - len);
		if (got > 0 && !full)
			len += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	text[len] = '\0';
}

int kview_tool_ask(const char *const *argv, char *answer, size_t size)
{
	int ends[2], status = -1, err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	err = spawn(argv, ends[1], &pid);
	close(ends[1]);
	if (!err) {
		read_all(ends[0], answer, size);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	return err ?: status ? -ENOENT : 0;
}
