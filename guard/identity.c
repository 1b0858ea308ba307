// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which file the kernel means. stat(2) answers what a file system wants to be seen: btrfs has a device for each subvolume,
 * overlayfs those of its layers, and none of them is the one of the superblock. /proc tells that of each mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guard/kernel.h"
#include "util/cleanup.h"

/* MINORBITS of the kernel. */
#define KERNEL_MINOR_BITS 20

/* The mount of what @fd has open, and the number of its inode. */
static int describe_fd(int fd, int *ret_mount, __u64 *ret_inode)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[64], line[256];
	int found = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		found += sscanf(line, "mnt_id: %d", ret_mount) == 1 || sscanf(line, "ino: %llu", ret_inode) == 1;
	return found == 2 ? 0 : -EPROTO;
}

static int find_device(int mount, __u64 *ret_device)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL;
	__u64 major, minor;
	size_t size = 0;
	int id;

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		if (sscanf(line, "%d %*d %llu:%llu", &id, &major, &minor) != 3 || id != mount)
			continue;
		*ret_device = major << KERNEL_MINOR_BITS | minor;
		return 0;
	}
	return -ENOENT;
}

/* What can be known where the mount lies outside our root, as in a chroot. */
static int guess_device(int fd, __u64 *ret_device)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	*ret_device = (__u64)major(status.st_dev) << KERNEL_MINOR_BITS | minor(status.st_dev);
	return 0;
}

int guard_identity_of(const char *path, struct guard_identity *ret_identity)
{
	_cleanup_(closep) int fd = open(path, O_PATH | O_CLOEXEC);
	struct guard_identity identity;
	int mount, err;

	if (fd < 0)
		return -errno;
	err = describe_fd(fd, &mount, &identity.inode);
	if (!err && find_device(mount, &identity.device))
		err = guess_device(fd, &identity.device);
	if (!err)
		*ret_identity = identity;
	return err;
}
