// SPDX-License-Identifier: GPL-2.0-or-later
/* Stopped processes go on when whoever holds the switch dies. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard/deadman.h"

/* A process that has stopped itself, and ends with 42 when it goes on. */
static pid_t stopped(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		raise(SIGSTOP);
		_exit(42);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void expect_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

static void released(void **state)
{
	struct guard_deadman deadman;
	pid_t pid = stopped();

	(void)state;
	assert_int_equal(guard_deadman_arm(&deadman, pid), 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	guard_deadman_release(&deadman);
	expect_end(pid);
}

/* A child that holds the switches of all @pids, and waits. */
static pid_t holder_of(const pid_t *pids, size_t count)
{
	struct guard_deadman deadman;
	int ready[2];
	pid_t holder;
	char byte;
	size_t i;

	assert_int_equal(pipe(ready), 0);
	holder = fork();
	if (!holder) {
		for (i = 0; i < count; i++)
			if (guard_deadman_arm(&deadman, pids[i]))
				_exit(1);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return holder;
}

static void holder_killed(void **state)
{
	pid_t pids[20], holder;
	size_t i;

	(void)state;
	for (i = 0; i < 20; i++)
		pids[i] = stopped();
	holder = holder_of(pids, 20);
	for (i = 0; i < 20; i++)
		assert_int_equal(waitpid(pids[i], NULL, WNOHANG), 0);
	assert_int_equal(kill(holder, SIGKILL), 0);
	for (i = 0; i < 20; i++)
		expect_end(pids[i]);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
}

static void nobody(void **state)
{
	struct guard_deadman deadman;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(guard_deadman_arm(&deadman, pid), -ESRCH);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(released),
		cmocka_unit_test(holder_killed),
		cmocka_unit_test(nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
