// SPDX-License-Identifier: GPL-2.0-or-later
#include "inherited.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "util/cleanup.h"

int inherited_add(struct inherited *inherited, int fd, uint64_t tracepoint)
{
	_cleanup_(freep) struct inherited_event *event = calloc(1, sizeof(*event));

	if (!event)
		return -ENOMEM;
	if (ioctl(fd, PERF_EVENT_IOC_ID, &event->id))
		return -errno;
	event->tracepoint = tracepoint;
	event->holder = -1;
	LIST_INSERT_HEAD(inherited, event, entry);
	event = NULL;
	return 0;
}

static struct inherited_event *find(const struct inherited *inherited, int fd)
{
	struct inherited_event *event;
	uint64_t id;

	if (ioctl(fd, PERF_EVENT_IOC_ID, &id))
		return NULL;
	LIST_FOREACH(event, inherited, entry)
		if (event->id == id)
			return event;
	return NULL;
}

/* Off, so that it has no samples; its program runs nevertheless. */
static int open_holder(uint64_t tracepoint)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = tracepoint,
		.sample_period = 1,
		.disabled = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int inherited_attach(struct inherited *inherited, int fd, int prog_fd)
{
	struct inherited_event *event = find(inherited, fd);
	_cleanup_(closep) int holder = -1;

	if (!event)
		return -ENOENT;
	if (event->holder >= 0)
		return -EEXIST;
	holder = open_holder(event->tracepoint);
	if (holder < 0)
		return holder;
	if (ioctl(holder, PERF_EVENT_IOC_SET_BPF, prog_fd))
		return -errno; /* EEXIST for the same program on another processor's event, as ever */
	event->holder = TAKE_FD(holder);
	return 0;
}

void inherited_deinit(struct inherited *inherited)
{
	struct inherited_event *event;

	while ((event = LIST_FIRST(inherited))) {
		LIST_REMOVE(event, entry);
		closep(&event->holder);
		free(event);
	}
}
