/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that makes one system call, getpgid(0), again and again when it is asked, and tells how long that took. */
#ifndef KVIEW_CLI_COST_SUBJECT_H
#define KVIEW_CLI_COST_SUBJECT_H

#include <stdint.h>
#include <sys/types.h>

struct cost_subject {
	pid_t pid; /* 0: there is none */
	int ask;
	int answer;
};

#define COST_SUBJECT_NONE { .ask = -1, .answer = -1 }

int cost_subject_start(struct cost_subject *subject);

/* Time of its processor that @calls of them take, in nanoseconds. */
int cost_subject_time(const struct cost_subject *subject, uint64_t calls, uint64_t *ret_ns);

/* End it. Nothing to do if it was not started. */
void cost_subject_stop(struct cost_subject *subject);

#endif /* KVIEW_CLI_COST_SUBJECT_H */
