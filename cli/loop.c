// SPDX-License-Identifier: GPL-2.0-or-later
#include "loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#define EVENTS 16 /* handled per turn; more only wait for the next one */

struct source {
	SLIST_ENTRY(source) entry;
	int fd;
	loop_fn fn;
	void *data;
};

struct loop {
	int epoll;
	bool ended;
	SLIST_HEAD(, source) sources;
};

int loop_new(struct loop **ret_loop)
{
	_cleanup_(freep) struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	SLIST_INIT(&loop->sources);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return -errno;
	*ret_loop = TAKE_PTR(loop);
	return 0;
}

void loop_free(struct loop *loop)
{
	struct source *source;

	if (!loop)
		return;
	while ((source = SLIST_FIRST(&loop->sources))) {
		SLIST_REMOVE_HEAD(&loop->sources, entry);
		free(source);
	}
	close(loop->epoll);
	free(loop);
}

int loop_add(struct loop *loop, int fd, loop_fn fn, void *data)
{
	struct source *source = malloc(sizeof(*source));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

	if (!source)
		return -ENOMEM;
	*source = (struct source){.fd = fd, .fn = fn, .data = data};
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(source);
		return -errno;
	}
	SLIST_INSERT_HEAD(&loop->sources, source, entry);
	return 0;
}

/* The record stays until loop_free(): events of this turn may still point to it. */
static int call_source(struct loop *loop, struct source *source)
{
	int result = source->fn(source->data);

	if (result == LOOP_DONE && epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL))
		return -errno;
	return result < 0 ? result : 0;
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[EVENTS];
	int i, count, err;

	loop->ended = false;
	while (!loop->ended) {
		count = epoll_wait(loop->epoll, events, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < count; i++) {
			err = call_source(loop, events[i].data.ptr);
			if (err)
				return err;
		}
	}
	return 0;
}

void loop_end(struct loop *loop)
{
	loop->ended = true;
}
