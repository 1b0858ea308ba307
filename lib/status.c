// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module and the machine. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

static void fill_status(struct kview_status *status, const struct kview_info *info)
{
	status->module_loaded = true;
	status->abi = info->abi;
	status->features = info->features;
	status->machine = info->machine;
	status->views = info->views;
	status->members = info->members;
	status->links = info->links;
	status->images = info->images;
	status->text_pages = info->text_pages;
	status->table_pages = info->table_pages;
	status->shared_leaves = info->shared_leaves;
	status->retired = info->retired;
	status->bytes = info->bytes;
	memcpy(status->version, info->version, sizeof(status->version));
	status->version[sizeof(status->version) - 1] = '\0';
}

static int read_status(struct kview_status *status)
{
	struct kview_info info = { .size = sizeof(info) };
	_cleanup_(closep) int fd = kview_device_open();

	if (fd == -ENODEV)
		return 0;
	if (fd == -EPERM)
		return kview_refuse(NULL, fd, "%s", kview_needs_group);
	if (fd < 0)
		return kview_refuse(NULL, fd, KVIEW_DEVICE ": %s", strerror(-fd));
	if (ioctl(fd, KVIEW_IOC_INFO, &info))
		return kview_refuse_why(NULL, -errno, KVIEW_WHY_NONE, KVIEW_DEVICE, "");
	fill_status(status, &info);
	return 0;
}

int kview_status(struct kview_status *status)
{
	struct kview_status known = {};
	size_t size = status->sz;
	int err;

	kview_reason_clear(NULL);
	if (size < offsetof(struct kview_status, abi))
		return kview_refuse(NULL, -EINVAL, "struct kview_status: set sz");
	err = read_status(&known);
	if (err)
		return err;
	memset(status, 0, size);
	memcpy(status, &known, size < sizeof(known) ? size : sizeof(known));
	status->sz = size;
	return 0;
}
