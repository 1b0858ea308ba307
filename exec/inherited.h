/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracepoints that the tool reads itself, and that narrow_event() has kept to a process, with the threads this will make.
 * A program that the tool attaches to one of them decides for all events of the tracepoint what is read. But since Linux
 * 6.10 an event that a thread has inherited takes the program away as the thread ends (perf_event_alloc() copies the
 * program to all that inherit, not only where it is the handler of samples). So it is attached to an event of ours.
 */
#ifndef KVIEW_EXEC_INHERITED_H
#define KVIEW_EXEC_INHERITED_H

#include <stdint.h>
#include <sys/queue.h>

struct inherited_event {
	LIST_ENTRY(inherited_event) entry;
	uint64_t id; /* the kernel's number of the tool's event */
	uint64_t tracepoint;
	int holder; /* our event, which has the program; -1: there is none */
};

LIST_HEAD(inherited, inherited_event);

/* Remember the tool's event @fd. */
int inherited_add(struct inherited *inherited, int fd, uint64_t tracepoint);

/* Attach the tool's program until inherited_deinit(). -ENOENT: @fd is no such event. */
int inherited_attach(struct inherited *inherited, int fd, int prog_fd);

void inherited_deinit(struct inherited *inherited);

#endif /* KVIEW_EXEC_INHERITED_H */
