// SPDX-License-Identifier: GPL-2.0-or-later
/* Preloaded into kview: makes the module speak an ABI of the future. */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include <uapi/kview.h>

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int fd, unsigned long request, void *arg) = dlsym(RTLD_NEXT, "ioctl");
	struct kview_info *info;
	va_list args;
	int ret;

	va_start(args, request);
	info = va_arg(args, void *);
	va_end(args);
	ret = next(fd, request, info);
	if (!ret && request == KVIEW_IOC_INFO)
		info->abi = 99;
	return ret;
}
