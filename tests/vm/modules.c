// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "testlib.h"

int module_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, "", 0) < 0 ? -errno : 0;
	close(fd);
	return err;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) < 0 ? -errno : 0;
}

const char *module_path(const char *folder, const char *name)
{
	static char path[512];
	struct utsname system;

	uname(&system);
	snprintf(path, sizeof(path), "build/%s/%s/%s.ko", folder, system.release, name);
	return path;
}

void module_load_test(const char *name)
{
	int err = module_load(module_path("tests/vm/kmod", name));

	if (err)
		FAIL("load %s: %s", name, strerror(-err));
}
