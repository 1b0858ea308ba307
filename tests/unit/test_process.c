// SPDX-License-Identifier: GPL-2.0-or-later
/* Which process a pid or pidfd means. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/internal.h"
#include "unit.h"

static void stat_texts(void **state)
{
	static const char good[] = "1234 (a) R 7 (b) S 1 1234 1234 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654321 1 2 3\n";
	static const char *const bad[] = {
		"", "1234", "1234 (x", "1234 (x)", "1234 (x) S 1 2 3", "1234 (x) S a b c d e f g h i j k l m n o p q r s",
	};
	struct kview_stat stat;

	(void)state;
	assert_int_equal(kview_stat_parse(good, &stat), 0);
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.flags, 4194560);
	assert_int_equal(stat.start, 987654321);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(kview_stat_parse(bad[i], &stat), -EINVAL);
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, pid, NULL, WEXITED | WNOWAIT), 0); /* leaves the zombie */
}

static void life_of_a_child(void **state)
{
	struct kview_process process, same;
	pid_t pid = start_child();
	uint32_t why;

	(void)state;
	assert_int_equal(kview_process_open(pid, -1, &process, &why), 0);
	assert_int_equal(process.tgid, pid);
	assert_int_not_equal(process.start, 0);
	assert_false(kview_process_is_gone(&process));
	assert_int_equal(kview_process_open(0, process.pidfd, &same, &why), 0);
	assert_int_equal(same.tgid, pid);
	assert_int_equal(same.start, process.start);
	kview_process_close(&same);

	end_child(pid);
	assert_true(kview_process_is_gone(&process));
	assert_int_equal(kview_process_open(pid, -1, &same, &why), -ESRCH);
	assert_int_equal(why, KVIEW_WHY_EXITING);
	waitpid(pid, NULL, 0);
	assert_int_equal(kview_process_open(pid, -1, &same, &why), -ESRCH);
	assert_int_equal(why, KVIEW_WHY_NO_PROCESS);
	assert_int_equal(kview_process_open(0, process.pidfd, &same, &why), -ESRCH);
	assert_int_equal(why, KVIEW_WHY_NO_PROCESS);
	kview_process_close(&process);
}

static void nobody(void **state)
{
	struct kview_process process;
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint32_t why;

	(void)state;
	assert_int_equal(kview_process_open(0, -1, &process, &why), -ESRCH);
	assert_int_equal(why, KVIEW_WHY_NO_PROCESS);
	assert_int_equal(kview_process_open(-7, -1, &process, &why), -ESRCH);
	assert_int_equal(kview_process_open(0, file, &process, &why), -EBADF);
	assert_int_equal(why, KVIEW_WHY_NONE);
	close(file);
	assert_int_equal(kview_process_open(0, file, &process, &why), -EBADF);
}

static void kernel_thread(void **state)
{
	struct kview_process process;
	uint32_t why;

	(void)state;
	if (access("/proc/2/stat", F_OK) || !access("/proc/2/exe", F_OK))
		skip(); /* a pid namespace hides them */
	if (kview_process_open(2, -1, &process, &why) != -EINVAL)
		skip();
	assert_int_equal(why, KVIEW_WHY_KERNEL_THREAD);
}

static void *sleep_until_told(void *data)
{
	int *ends = data;
	char byte;

	ends[2] = syscall(SYS_gettid);
	if (read(ends[0], &byte, 1) != 1)
		abort();
	return NULL;
}

static void life_of_a_thread(void **state)
{
	struct kview_process process, first;
	int ends[3] = {};
	pthread_t thread;
	uint32_t why;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&thread, NULL, sleep_until_told, ends), 0);
	while (!*(volatile int *)&ends[2])
		usleep(1000);
	assert_int_equal(kview_process_open_thread(ends[2], &process, &why), 0);
	assert_int_equal(process.tgid, getpid());
	assert_int_equal(process.tid, ends[2]);
	assert_false(kview_process_is_gone(&process));
	assert_int_equal(kview_process_open_thread(getpid(), &first, &why), 0);
	assert_int_equal(first.tid, getpid());
	assert_int_equal(first.start, process.start);
	assert_int_equal(first.thread_start, first.start);
	assert_int_equal(write(ends[1], "x", 1), 1);
	pthread_join(thread, NULL);
	while (!kview_process_is_gone(&process)) /* waiting for it ends a little before it does */
		usleep(1000);
	assert_int_equal(kview_process_open_thread(ends[2], &process, &why), -ESRCH);
	assert_int_equal(why, KVIEW_WHY_NO_THREAD);
	assert_false(kview_process_is_gone(&first));
	kview_process_close(&process);
	kview_process_close(&first);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_texts),
		cmocka_unit_test(life_of_a_child),
		cmocka_unit_test(life_of_a_thread),
		cmocka_unit_test(nobody),
		cmocka_unit_test(kernel_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
