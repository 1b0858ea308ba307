/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guard, and the subject it knows: this program under another name (guard_subject.h), so that it is another file. */
#ifndef TESTS_VM_GUARD_FIXTURE_H
#define TESTS_VM_GUARD_FIXTURE_H

#include "guard/kernel.h"
#include "testlib.h"

#define SUBJECT "/tmp/guard-subject"
#define GUARDED_STOP_SECONDS 1

extern struct guarded {
	struct guard_kernel *kernel;
	struct guard_profile *profile; /* of the subject, as guarded_find() finds it */
	uint32_t number;
	struct guard_record last; /* alarm */
	const char *path;	  /* of the subject */
} guarded;

/* A guard of the whole machine. */
extern const struct guard_kernel_opts guarded_whole;

/* What it does that is usual. */
extern const char *const subject_words[];

/* Load the guard and attach it. */
void guarded_start(const struct guard_kernel_opts *opts, struct kview *view);

void guarded_find(void);

/* The subject is trained with all it is told in @words (NULL at the end), and is normal. */
void guarded_train(const char *const *words);

/* The events of the subject since the last time. */
uint32_t guarded_events(void);

void subject_make(void);
void subject_copy(const char *path);

/* It does @what, with @input (-1: ours) as its standard input. With the id @pid; 0: any. */
pid_t subject_spawn(const char *what, int input);
pid_t subject_spawn_as(pid_t pid, const char *what, int input);

/* Is it in read(STDIN_FILENO, ...)? */
bool subject_reads(pid_t pid);

/* ... until it has ended: the status. */
int subject_run(const char *what);

/* test_main(), or the subject. */
int guarded_main(int argc, char **argv, const struct test_case *cases, size_t count);

#endif
