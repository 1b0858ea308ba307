/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process of its own that measures what its system calls cost it, whenever it is asked to. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <sys/types.h>

#include "insns.h"

struct subject;

/* -EIO: the process could not set up its system calls. */
int subject_start(struct subject **ret_subject);
void subject_stop(struct subject *subject);

pid_t subject_pid(const struct subject *subject);

int subject_measure(struct subject *subject, enum call call, struct sample *ret_sample);

/*
 * Make @call BATCH times, between the lines SUBJECT_BEGIN and SUBJECT_END in the kernel's trace. CALLS: make a few
 * other system calls instead.
 */
#define SUBJECT_BEGIN "bench begins"
#define SUBJECT_END "bench ends"
int subject_walk(struct subject *subject, enum call call);

#endif
