/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of libkview share. Each describes one behaviour and runs it in ordinary mode and, where the module is
 * loaded, in view mode: callers shall not notice which.
 */
#ifndef TESTS_VM_ORDINARY_H
#define TESTS_VM_ORDINARY_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <kview/kview.h>

/* End the test with a line that says what was expected. */
#define EXPECT(condition, ...)                                                    \
	do {                                                                      \
		if (!(condition))                                                 \
			test_failed(__FILE__, __LINE__, #condition, __VA_ARGS__); \
	} while (0)
#define EXPECT_EQUAL(a, b)                                                                                      \
	do {                                                                                                    \
		long long a_ = (a), b_ = (b);                                                                   \
		if (a_ != b_)                                                                                   \
			test_failed(__FILE__, __LINE__, #a " == " #b, "%lld is not %lld", a_, b_);              \
	} while (0)

void test_failed(const char *file, int line, const char *condition, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

/* Run @test in each mode this machine has; what main() returns. */
int test_modes(void (*test)(enum kview_mode mode));

/* A view in this mode, or the end of the test. */
struct kview *test_open(enum kview_mode mode);

/* Expect a refusal: this errno, and @part in the reason. */
void test_refused(struct kview *view, int got, int err, const char *part);

/* A process that does what it is told. */
struct worker {
	pid_t pid;
	int to, from; /* pipes */
};

/* Start one with @threads threads, of which the first is the main one. */
void worker_start(struct worker *worker, unsigned int threads);
/* Each thread calls getpgid() @calls times, and the worker says when it is done. */
void worker_begin(struct worker *worker, unsigned int calls);
void worker_wait(struct worker *worker);
void worker_end(struct worker *worker);

#endif /* TESTS_VM_ORDINARY_H */
