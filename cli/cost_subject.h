/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that makes system calls again and again when it is asked, and tells what they took. */
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

/* What can be asked for; both: one after the other. */
enum cost_call {
	COST_CALL_GETPGID = 1 << 0, /* getpgid(0) */
	COST_CALL_RENAME = 1 << 1,  /* prctl(PR_SET_NAME), which passes a tracepoint */
	COST_CALLS = COST_CALL_GETPGID | COST_CALL_RENAME,
};

/* What all calls of a question took of its processor. */
struct cost_sample {
	uint64_t ns;
	uint64_t instructions; /* its own and the kernel's for it */
	int counter;	       /* 0, or why instructions cannot be counted: negative errno */
};

int cost_subject_start(struct cost_subject *subject);

/* Have it make @calls, bits of enum cost_call, @times times. */
int cost_subject_ask(const struct cost_subject *subject, unsigned int calls, uint64_t times, struct cost_sample *ret_sample);

/* End it. Nothing to do if it was not started. */
void cost_subject_stop(struct cost_subject *subject);

#endif /* KVIEW_CLI_COST_SUBJECT_H */
