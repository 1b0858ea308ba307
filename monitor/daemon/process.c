// SPDX-License-Identifier: GPL-2.0-or-later
#include "process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

static FILE *open_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return fopen(path, "re");
}

int process_name(pid_t pid, char ret_name[PROCESS_NAME])
{
	_cleanup_(fclosep) FILE *file = open_of(pid, "comm");

	if (!file || !fgets(ret_name, PROCESS_NAME, file))
		return -ESRCH;
	ret_name[strcspn(ret_name, "\n")] = '\0';
	return 0;
}

/* Fields are counted from behind the name, which can contain anything. */
int process_stat_parse(const char *text, struct process_stat *ret_stat)
{
	const char *rest = strrchr(text, ')');
	struct process_stat stat = {};
	unsigned int flags;
	uint64_t pages;

	if (!rest || sscanf(rest + 1,
			    " %*c %*d %*d %*d %*d %*d %u %" SCNu64 " %*u %" SCNu64
			    " %*u %*u %*u %*d %*d %*d %*d %" SCNu64 " %*d %" SCNu64 " %*u %" SCNu64,
			    &flags, &stat.minor_faults, &stat.major_faults, &stat.threads, &stat.start, &pages) != 6)
		return -ESRCH;
	stat.resident = pages * sysconf(_SC_PAGESIZE);
	stat.kernel = flags & PF_KTHREAD;
	*ret_stat = stat;
	return 0;
}

int process_stat(pid_t pid, struct process_stat *ret_stat)
{
	_cleanup_(fclosep) FILE *file = open_of(pid, "stat");
	char text[1024];
	size_t len;

	if (!file)
		return -ESRCH;
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	return process_stat_parse(text, ret_stat);
}

int process_cgroup(pid_t pid, char *ret_path, size_t size)
{
	_cleanup_(fclosep) FILE *file = open_of(pid, "cgroup");
	_cleanup_(freep) char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		if (strncmp(line, "0::/", 4))
			continue;
		line[strcspn(line, "\n")] = '\0';
		return (size_t)snprintf(ret_path, size, "%s", line + 3) < size ? 0 : -ENAMETOOLONG;
	}
	return -ESRCH;
}

/* --- sockets ------------------------------------------------------------------------------------------------------ */

/* @prefix: of what the links in its fd/ tell. */
static bool has_file(pid_t pid, const char *prefix)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	char path[64], link[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		if (len < 0)
			continue;
		link[len] = '\0';
		if (!strncmp(link, prefix, strlen(prefix)))
			return true;
	}
	return false;
}

static bool has_socket(pid_t pid, uint64_t inode)
{
	char name[64];

	snprintf(name, sizeof(name), "socket:[%" PRIu64 "]", inode);
	return has_file(pid, name);
}

#define LISTENS 0x0a /* a state of net/tcp */

int process_listener_parse(const char *line, uint16_t *ret_port, uint64_t *ret_inode)
{
	unsigned int port, state;
	uint64_t inode;

	if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64, &port, &state,
		   &inode) != 3 ||
	    state != LISTENS || port > UINT16_MAX)
		return -ENOENT;
	*ret_port = port;
	*ret_inode = inode;
	return 0;
}

static bool listens_in(pid_t pid, const char *name, uint16_t port)
{
	_cleanup_(fclosep) FILE *file = open_of(pid, name);
	char line[256];
	uint64_t inode;
	uint16_t at;

	while (file && fgets(line, sizeof(line), file))
		if (!process_listener_parse(line, &at, &inode) && at == port && has_socket(pid, inode))
			return true;
	return false;
}

bool process_listens(pid_t pid, uint16_t port)
{
	/* Its own files are few, the sockets of its network may be many: most programs that begin have none. */
	if (!has_file(pid, "socket:["))
		return false;
	return listens_in(pid, "net/tcp", port) || listens_in(pid, "net/tcp6", port);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

int process_each(process_fn fn, void *data)
{
	_cleanup_(closedirp) DIR *dir = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = fn(atoi(entry->d_name), data);
	return err;
}

int process_each_in(const char *path, process_fn fn, void *data)
{
	_cleanup_(fclosep) FILE *file = fopen(path, "re");
	int pid, err = 0;

	while (file && !err && fscanf(file, "%d", &pid) == 1)
		err = fn(pid, data);
	return err;
}

int cgroup_mount(char *ret_path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	int err = -ENOENT;

	while (mounts && err && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2") &&
		    (size_t)snprintf(ret_path, size, "%s", entry->mnt_dir) < size)
			err = 0;
	if (mounts)
		endmntent(mounts);
	return err;
}
