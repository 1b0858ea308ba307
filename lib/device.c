// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/kview: there or not, and which ABI it speaks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "internal.h"

uint64_t kview_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

bool kview_has_privilege(void)
{
	uint64_t caps = kview_capabilities();

	if (caps & 1ULL << CAP_SYS_ADMIN)
		return true;
	return (caps & 1ULL << CAP_BPF) && (caps & 1ULL << CAP_PERFMON);
}

static int open_error(int err)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTDIR:
		return -ENODEV;
	case EACCES:
		return -EPERM;
	default:
		return -err;
	}
}

int kview_device_open(void)
{
	int fd = open(KVIEW_DEVICE, O_RDWR | O_CLOEXEC);

	return fd >= 0 ? fd : open_error(errno);
}

static int refuse_open(struct kview *view, int err)
{
	if (err == -ENODEV && !access("/sys/module/kview", F_OK))
		return kview_refuse(view, err, "kview.ko is loaded, but " KVIEW_DEVICE " is not here: pass it in");
	if (err == -ENODEV)
		return kview_refuse(view, err, "%s", kview_not_loaded);
	if (err == -EPERM)
		return kview_refuse(view, err, "%s", view ? kview_needs_privilege : kview_needs_group);
	return kview_refuse(view, err, KVIEW_DEVICE ": %s", strerror(-err));
}

static int check_abi(struct kview *view, int fd)
{
	struct kview_info info = { .size = sizeof(info) };

	if (ioctl(fd, KVIEW_IOC_INFO, &info)) {
		int err = errno == ENOTTY || errno == EINVAL ? -EPROTO : -errno;

		return kview_refuse_why(view, err, KVIEW_WHY_NONE, KVIEW_DEVICE, "");
	}
	if (info.abi != KVIEW_ABI_VERSION)
		return kview_refuse(view, -EPROTO,
				    "kview.ko speaks ABI %u, libkview %s ABI %u: install matching versions", info.abi,
				    kview_version(), KVIEW_ABI_VERSION);
	return 0;
}

uint64_t kview_device_features(int fd)
{
	struct kview_info info = { .size = sizeof(info) };

	return ioctl(fd, KVIEW_IOC_INFO, &info) ? 0 : info.features;
}

int kview_device_connect(struct kview *view, int *ret_fd)
{
	_cleanup_(closep) int fd = kview_device_open();
	int err;

	if (fd < 0)
		return refuse_open(view, fd);
	err = check_abi(view, fd);
	if (err)
		return err;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
