/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs on the tracepoint sched_process_exit. A process comes by there when it has given up its address space, and
 * with that the view, which therefore cannot have them. They are attached in the kernel's own way, each behind a filter
 * that lets it run for those alone who came by do_exit() in the view just before: so nothing has to be known of who is a
 * member. Others pay for the filter when they exit.
 */
#ifndef KVIEW_EXEC_LEAVING_H
#define KVIEW_EXEC_LEAVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct supervisor;
struct exit_filter;

struct leaving {
	struct exit_filter **filters; /* the first also has what marks those who exit */
	size_t count;
	int marker; /* its link of the view, -1 as long as there is none */
};

#define LEAVING_NONE { .marker = -1 }

/* Is that the tracepoint? @kind is one of KVIEW_HOOK_*, @name the module's name for the place, or NULL. */
bool leaving_is_at(uint32_t kind, const char *name);

/*
 * Attach the tool's program behind a filter. @ret_link gets a link of the kernel's, which is the caller's; the program
 * runs until that is closed, or leaving_deinit(). -EINVAL: this program cannot run behind another one.
 */
int leaving_attach(struct supervisor *sup, uint32_t kind, int prog_fd, uint64_t cookie, int *ret_link);

void leaving_deinit(struct leaving *leaving);

#endif /* KVIEW_EXEC_LEAVING_H */
