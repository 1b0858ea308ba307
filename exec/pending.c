// SPDX-License-Identifier: GPL-2.0-or-later
#include "pending.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

/* Of this process, that is not on: nobody pays for it. */
int pending_dummy(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int pending_open(struct pending *pending, struct hook *hook)
{
	_cleanup_(hook_freep) struct hook *held = hook;
	_cleanup_(freep) struct pending_event *event = calloc(1, sizeof(*event));
	_cleanup_(closep) int fd = -1;

	if (!event)
		return -ENOMEM;
	fd = pending_dummy();
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_ID, &event->id))
		return -errno;
	event->hook = TAKE_PTR(held);
	LIST_INSERT_HEAD(pending, event, entry);
	event = NULL;
	return TAKE_FD(fd);
}

static struct pending_event *find(const struct pending *pending, int fd)
{
	struct pending_event *event;
	uint64_t id;

	if (ioctl(fd, PERF_EVENT_IOC_ID, &id))
		return NULL;
	LIST_FOREACH(event, pending, entry)
		if (event->id == id)
			return event;
	return NULL;
}

struct hook *pending_find(const struct pending *pending, int fd)
{
	struct pending_event *event = find(pending, fd);

	return event ? event->hook : NULL;
}

static void remove_event(struct pending_event *event)
{
	LIST_REMOVE(event, entry);
	hook_free(event->hook);
	free(event);
}

void pending_forget(struct pending *pending, int fd)
{
	struct pending_event *event = find(pending, fd);

	if (event)
		remove_event(event);
}

void pending_deinit(struct pending *pending)
{
	struct pending_event *event;

	while ((event = LIST_FIRST(pending)))
		remove_event(event);
}
