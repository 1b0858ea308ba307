// SPDX-License-Identifier: LGPL-2.1-or-later
/* The views of the whole machine, their members, links and hooks, as the module lists them. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

static int open_device(int *ret_fd)
{
	kview_reason_clear(NULL);
	return kview_device_connect(NULL, ret_fd);
}

/* One step of a listing: 1 with a record, 0 at its end. */
static int next(int fd, unsigned long request, void *record)
{
	if (!ioctl(fd, request, record))
		return 1;
	return errno == ENOENT ? 0 : kview_refuse_why(NULL, -errno, KVIEW_WHY_NONE, KVIEW_DEVICE, "");
}

int kview_each_view(kview_view_status_fn fn, void *data)
{
	struct kview_view_info info = { .size = sizeof(info) };
	_cleanup_(closep) int fd = -1;
	int ret;

	ret = open_device(&fd);
	while (!ret && (ret = next(fd, KVIEW_IOC_NEXT_VIEW, &info)) > 0) {
		struct kview_view_status status = {
			.id = info.id,
			.owner = info.owner,
			.name = info.name,
			.members = info.members,
			.links = info.links,
			.hooks = info.hooks,
			.text_pages = info.text_pages,
			.table_pages = info.table_pages,
			.aside_now = info.aside_now,
			.bytes = info.bytes,
			.aside_count = info.aside_count,
			.aside_ns = info.aside_ns,
			.joined = info.joined,
			.lost = info.lost,
			.partial = info.partial,
		};

		ret = fn(&status, data);
	}
	return ret;
}

int kview_each_cgroup_of(uint32_t view, kview_cgroup_status_fn fn, void *data)
{
	struct kview_cgroup_info info = { .size = sizeof(info), .view = view };
	_cleanup_(closep) int fd = -1;
	int ret;

	ret = open_device(&fd);
	for (; !ret && (ret = next(fd, KVIEW_IOC_CGROUP_INFO, &info)) > 0; info.index++) {
		struct kview_cgroup_status status = { .id = info.id, .path = info.path };

		ret = fn(&status, data);
	}
	return ret;
}

int kview_each_member_of(uint32_t view, kview_member_status_fn fn, void *data)
{
	struct kview_member_info info = { .size = sizeof(info), .view = view };
	_cleanup_(closep) int fd = -1;
	int ret;

	ret = open_device(&fd);
	for (; !ret && (ret = next(fd, KVIEW_IOC_MEMBER_INFO, &info)) > 0; info.index++) {
		struct kview_member_status status = {
			.pid = info.pid,
			.comm = info.comm,
			.threads = info.threads,
			.image = info.image,
			.added = info.flags & KVIEW_MEMBER_ADDED,
			.followed = info.flags & KVIEW_MEMBER_FOLLOW,
			.by_cgroup = info.flags & KVIEW_MEMBER_CGROUP,
			.tid = info.tid,
		};

		ret = fn(&status, data);
	}
	return ret;
}

static struct kview_counts link_counts(const struct kview_link_info *info)
{
	return (struct kview_counts){ .runs = info->runs, .missed = info->missed, .skipped = info->skipped };
}

int kview_each_link_of(uint32_t view, kview_link_status_fn fn, void *data)
{
	struct kview_link_info info = { .size = sizeof(info), .view = view };
	_cleanup_(closep) int fd = -1;
	int ret;

	ret = open_device(&fd);
	while (!ret && (ret = next(fd, KVIEW_IOC_NEXT_LINK, &info)) > 0) {
		struct kview_link_status status = {
			.id = info.id,
			.prog_id = info.prog_id,
			.hooks = info.hooks,
			.prog_name = info.prog_name,
			.counts = link_counts(&info),
		};

		ret = kview_kind_from_uapi(info.kind, &status.kind) ?: fn(&status, data);
	}
	return ret;
}

/* Hooks do not repeat what kind their link is of. 0: the link is gone. */
static int link_kind(int fd, uint32_t view, uint32_t link, enum kview_kind *ret_kind)
{
	struct kview_link_info info = { .size = sizeof(info), .view = view, .id = link - 1 };
	int ret;

	ret = next(fd, KVIEW_IOC_NEXT_LINK, &info);
	if (ret <= 0)
		return ret;
	if (info.id != link)
		return 0;
	return kview_kind_from_uapi(info.kind, ret_kind) ?: 1;
}

/* The module does not know the names of system calls. */
static const char *hook_name(const struct kview_hook_info *info, enum kview_kind kind)
{
	switch (kview_kind_info(kind)->naming) {
	case KVIEW_NAMED_NOTHING:
		return "*";
	case KVIEW_NAMED_SYSCALL:
		if (info->number == KVIEW_SYSCALL_ALL)
			return "*";
		return kview_syscall_name(info->number) ?: info->name;
	default:
		return info->name;
	}
}

int kview_each_hook_of(uint32_t view, uint32_t link, kview_hook_fn fn, void *data)
{
	struct kview_hook_info info = { .size = sizeof(info), .view = view, .link = link };
	_cleanup_(closep) int fd = -1;
	enum kview_kind kind;
	int ret;

	ret = open_device(&fd) ?: link_kind(fd, view, link, &kind);
	if (ret <= 0)
		return ret;
	for (ret = 0; !ret && (ret = next(fd, KVIEW_IOC_HOOK_INFO, &info)) > 0; info.index++) {
		struct kview_hook hook = {
			.kind = kind,
			.name = hook_name(&info, kind),
			.addr = info.addr,
			.attachable = true,
			.counts = { .runs = info.runs, .missed = info.missed, .skipped = info.skipped },
		};

		ret = fn(&hook, data);
	}
	return ret;
}
