// SPDX-License-Identifier: GPL-2.0-or-later
#include "cgroups.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "testlib.h"

#define ROOT "/sys/fs/cgroup"
#define TOP ROOT "/kview-test"

static const char *full(const char *path)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s%s%s", *path ? TOP : ROOT, *path ? "/" : "", path);
	return text;
}

int cgroup_new(const char *path)
{
	mkdir(TOP, 0755);
	CHECK(!mkdir(full(path), 0755) || errno == EEXIST);
	return CHECK_CALL(open(full(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int cgroup_remove(const char *path)
{
	return rmdir(full(path)) ? -errno : 0;
}

int cgroup_try_write(const char *path, const char *file, const char *text)
{
	char name[600];

	snprintf(name, sizeof(name), "%s/%s", full(path), file);
	return test_write(name, text);
}

void cgroup_move(const char *path, pid_t pid)
{
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%d", pid);
	err = cgroup_try_write(path, "cgroup.procs", text);
	if (err)
		FAIL("move %d to %s: %s", pid, full(path), strerror(-err));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP)
		rmdir(path);
	return 0;
}

void cgroup_undo(void)
{
	struct stat st;

	test_write(TOP "/cgroup.kill", "1");
	for (int i = 0; i < 500 && !stat(TOP, &st); i++) {
		nftw(TOP, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		usleep(10000);
	}
}
