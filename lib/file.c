// SPDX-License-Identifier: LGPL-2.1-or-later
/* Small files of proc, sysfs and tracefs, which do not know their size. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "internal.h"

static int grow(char **text, size_t *size)
{
	size_t want = *size ? 2 * *size : 4096;
	char *moved = realloc(*text, want);

	if (!moved)
		return -ENOMEM;
	*text = moved;
	*size = want;
	return 0;
}

int kview_file_read(const char *path, char **ret_text)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL;
	size_t used = 0, size = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		if (size - used < 2) {
			int err = grow(&text, &size);

			if (err)
				return err;
		}
		got = read(fd, text + used, size - used - 1);
		if (got < 0)
			return -errno;
		used += got;
	} while (got > 0);
	text[used] = '\0';
	*ret_text = TAKE_PTR(text);
	return 0;
}

int kview_file_read_number(const char *path, unsigned int *ret_number)
{
	_cleanup_(freep) char *text = NULL;
	int err = kview_file_read(path, &text);

	if (err)
		return err;
	return sscanf(text, "%u", ret_number) == 1 ? 0 : -EINVAL;
}

static const char *find_tracefs(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!statfs(places[i], &fs) && fs.f_type == TRACEFS_MAGIC)
			return places[i];
	return NULL;
}

int kview_tracefs_path(const char *file, char path[KVIEW_TRACEFS_PATH_LEN])
{
	const char *tracefs = find_tracefs();

	if (!tracefs)
		return -ENODEV;
	return snprintf(path, KVIEW_TRACEFS_PATH_LEN, "%s/%s", tracefs, file) < KVIEW_TRACEFS_PATH_LEN ? 0 : -ENOENT;
}
