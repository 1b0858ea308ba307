// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Containers by the processes that watch them: podman and CRI-O start a conmon for each, and tell it name and id. So a
 * name is found without podman, which answers root only when it has all of root's privileges.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* The word behind @option among @args, which have a NUL each; NULL: there is none. */
static const char *word_behind(const char *args, size_t len, const char *option)
{
	size_t at = 0, size;
	bool is_next = false;

	while (at < len) {
		size = strnlen(args + at, len - at) + 1;
		if (at + size > len)
			return NULL; /* cut off */
		if (is_next)
			return args + at;
		is_next = !strcmp(args + at, option);
		at += size;
	}
	return NULL;
}

int kview_conmon_parse(const char *args, size_t len, const char *name, char ret_id[KVIEW_CONTAINER_ID])
{
	const char *named = word_behind(args, len, "-n"), *id = word_behind(args, len, "-c");

	if (!named || !id || strcmp(named, name) || !*id || strlen(id) >= KVIEW_CONTAINER_ID ||
	    id[strspn(id, "0123456789abcdef")])
		return -ENOENT;
	strcpy(ret_id, id);
	return 0;
}

/* Others may call their programs conmon, too. The real user stays when one of them executes a set-user-ID program. */
static bool is_our_conmon(const char *pid)
{
	_cleanup_(freep) char *text = NULL;
	const char *line;
	char path[64];
	uid_t uid;

	snprintf(path, sizeof(path), "/proc/%.16s/status", pid);
	if (kview_file_read(path, &text) || strncmp(text, "Name:\tconmon\n", 13))
		return false;
	line = strstr(text, "\nUid:");
	return line && sscanf(line, "\nUid: %u", &uid) == 1 && uid == geteuid();
}

static int ask(const char *pid, const char *name, char ret_id[KVIEW_CONTAINER_ID])
{
	_cleanup_(closep) int fd = -1;
	char path[64], args[4096];
	ssize_t len;

	if (!is_our_conmon(pid))
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd >= 0 ? read(fd, args, sizeof(args)) : -1;
	return len > 0 ? kview_conmon_parse(args, len, name, ret_id) : -ENOENT;
}

int kview_conmon_find(const char *name, char ret_id[KVIEW_CONTAINER_ID])
{
	DIR *proc = opendir("/proc");
	struct dirent *item;
	int err = -ENOENT;

	if (!proc)
		return -errno;
	while (err && (item = readdir(proc)))
		if (*item->d_name >= '0' && *item->d_name <= '9')
			err = ask(item->d_name, name, ret_id);
	closedir(proc);
	return err;
}
