// SPDX-License-Identifier: GPL-2.0-or-later
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util/cleanup.h"

bool module_loaded(void)
{
	return access("/sys/module/kview", F_OK) == 0;
}

int module_load(const char *file)
{
	_cleanup_(closep) int fd = -1;
	struct utsname kernel;
	char path[512];

	if (!file) {
		uname(&kernel);
		snprintf(path, sizeof(path), "build/kmod/%s/kview.ko", kernel.release);
		file = path;
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		return -errno;
	return 0;
}

int module_unload(void)
{
	return syscall(SYS_delete_module, "kview", O_NONBLOCK) ? -errno : 0;
}
