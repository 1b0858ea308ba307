/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A subject: a process with threads that make known numbers of calls, to be a member or to be an outsider. */
#ifndef TESTS_VM_SUBJECT_H
#define TESTS_VM_SUBJECT_H

#include <stdint.h>
#include <sys/types.h>

#define SUBJECT_THREADS_MAX 16

struct subject_shared;

struct subject {
	pid_t pid;
	int threads;
	struct subject_shared *shared;
};

/* What the threads call; the default is getppid(), which nothing else in a subject calls. */
void subject_getppid(void);
void subject_read(void); /* one byte of /dev/zero */

/* A new process with @threads threads next to its main one, all waiting. It dies with its maker. */
struct subject subject_new(int threads);
struct subject subject_new_calling(int threads, void (*call)(void));

/* Every thread makes @count calls. Returns when all are done: that many calls were made. */
uint64_t subject_call(struct subject *subject, uint64_t count);

/* The threads call on and on, until subject_stop(), which returns how many calls were made since. */
void subject_start(struct subject *subject);
uint64_t subject_stop(struct subject *subject);

/* The main thread, inside the subject, runs @function. The begin variant does not wait, subject_done() does. */
void subject_do(struct subject *subject, void (*function)(void *argument), void *argument);
void subject_begin(struct subject *subject, void (*function)(void *argument), void *argument);
void subject_done(struct subject *subject);

/* Kill it and wait for its end. */
void subject_end(struct subject *subject);

#endif
