/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the VM tests of the module share.
 *
 * A test is a list of cases. Each runs in a process of its own, whose end closes all it opened, and after each the
 * module must hold nothing any more: so every case is a test of the lifetimes of what it made, too. (With KVIEW_SHARED=1
 * in the environment others use the module at the same time, so what it holds tells nothing.)
 */
#ifndef TESTS_VM_TESTLIB_H
#define TESTS_VM_TESTLIB_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kv.h"

struct test_case {
	const char *name;
	void (*run)(void);
};

#define TEST_CASE(function) { #function, function }

/* Run the cases whose name matches one of the arguments (shell patterns), or all; what main() returns. */
int test_main(int argc, char **argv, const struct test_case *cases, size_t count);

#define TEST_MAIN(...)                                                                         \
	int main(int argc, char **argv)                                                        \
	{                                                                                      \
		static const struct test_case cases[] = { __VA_ARGS__ };                       \
                                                                                               \
		return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));         \
	}

/*
 * Replace the calling process by one that calls getppid() @calls times and exits with 0. Returns when that fails, which
 * it does where the kernel refuses the exec.
 */
void test_exec_caller(unsigned int calls);

/* Called in the parent after each case, however it ended: what undoes changes to the system that no close() undoes. */
extern void (*test_undo)(void);

/* End the case. */
_Noreturn void test_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line of the test's output. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition)                                          \
	do {                                                      \
		if (!(condition))                                 \
			FAIL("not true: %s", #condition);         \
	} while (0)
#define CHECK_EQUAL(got, want)                                                                      \
	do {                                                                                        \
		long long got_ = (got), want_ = (want);                                             \
		if (got_ != want_)                                                                  \
			FAIL("%s is %lld, not %s (%lld)", #got, got_, #want, want_);                \
	} while (0)
/* A system call: the result, or the end of the case. */
#define CHECK_CALL(call)                                              \
	({                                                            \
		long call_ = (call);                                  \
		if (call_ < 0)                                        \
			FAIL("%s: %s", #call, strerror(errno));       \
		call_;                                                \
	})

/* Wait up to ten seconds for @condition; on a slow kernel as many times longer as vm/run says. */
#define WAIT_FOR(condition)                                                \
	do {                                                               \
		long tries_ = 1000 * test_slow();                          \
		while (!(condition) && --tries_)                           \
			usleep(10000);                                     \
		if (!tries_)                                               \
			FAIL("never came true: %s", #condition);           \
	} while (0)

/* The status a child ended with, as waitpid() gives it. */
int test_wait(pid_t pid);

/* A number from a file, such as /sys/devices/system/cpu/cpu1/online; the end of the case when there is none. */
long test_read_number(const char *path);

/* Write a line to an existing file; 0 or a negative errno. */
int test_write(const char *path, const char *text);

/* Same, and the case ends when it fails. */
void test_set(const char *path, const char *text);

/* Bounds and parameters from the environment: the number in @name, or @otherwise. */
long test_parameter(const char *name, long otherwise);

/* How many times longer than on a stock kernel things take: for what waits, never for what is counted. */
long test_slow(void);

/* Milliseconds on a clock that only goes forward. */
long test_now(void);

/* "6.12" is 612: the running kernel. */
int test_kernel(void);

#endif
