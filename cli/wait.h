/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time in which targets are traced.
 *
 * Ends: all processes and threads have exited; the duration is over; SIGINT, SIGTERM, SIGHUP or SIGQUIT. In the latter two cases a
 * command of ours is told (SIGTERM, or the same signal unless the terminal has sent it to both of us) and given a moment
 * to end. After the first such signal the next one has its default effect: it ends kview at once.
 */
#ifndef KVIEW_CLI_WAIT_H
#define KVIEW_CLI_WAIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "targets.h"

/* Why it ended. */
enum wait_end {
	WAIT_EXIT,     /* all processes have exited */
	WAIT_SIGNAL,   /* somebody asked us to end */
	WAIT_DURATION, /* the time is over */
};

struct wait {
	struct targets *targets;
	struct loop *loop; /* others may watch their descriptors in it */
	int signals;	   /* signalfd */
	int timer;	   /* timerfd: the duration, and then the moment a command is given to end */
	int threads;	   /* timerfd: when to look after threads, whose end no descriptor tells on every kernel */
	size_t alive;	   /* processes and threads that have not exited */
	enum wait_end end;
	bool ending; /* asked to end, the command has a moment left */
	uint64_t start_ns; /* CLOCK_MONOTONIC, set by wait_start() */
	uint64_t end_ns;
};

#define WAIT_NONE { .signals = -1, .timer = -1, .threads = -1 }

/* Take signals over from here on. Prints what is wrong and returns an exit code. */
int wait_open(struct wait *wait, struct targets *targets);
void wait_deinit(struct wait *wait);

/* The first process is about to become a member. */
void wait_start(struct wait *wait);

/* Run the loop until all is over; @view may be NULL; @duration in seconds, 0: no limit. Prints what is wrong and returns an exit code. */
int wait_run(struct wait *wait, const struct kview *view, double duration);

/* "exit", "signal", "duration" */
const char *wait_end_name(const struct wait *wait);

/* From the start to the end, or to now. */
double wait_seconds(const struct wait *wait);

#endif /* KVIEW_CLI_WAIT_H */
