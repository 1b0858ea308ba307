// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost_subject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

/* Waits for the processor are no part of a system call's cost, so it is not the time that passes. */
static uint64_t processor_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static uint64_t make_calls(uint64_t calls)
{
	uint64_t start = processor_time(), i;

	for (i = 0; i < calls; i++)
		syscall(SYS_getpgid, 0);
	return processor_time() - start;
}

static void __attribute__((noreturn)) serve(int ask, int answer)
{
	uint64_t calls, ns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "kview-subject");
	while (read(ask, &calls, sizeof(calls)) == sizeof(calls)) {
		ns = make_calls(calls);
		if (write(answer, &ns, sizeof(ns)) != sizeof(ns))
			break;
	}
	_exit(0);
}

int cost_subject_start(struct cost_subject *subject)
{
	_cleanup_(closep) int ask_read = -1, answer_write = -1;
	int ask[2], answer[2];
	pid_t pid;

	if (pipe2(ask, O_CLOEXEC))
		return -errno;
	ask_read = ask[0];
	subject->ask = ask[1];
	if (pipe2(answer, O_CLOEXEC))
		return -errno;
	subject->answer = answer[0];
	answer_write = answer[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(subject->ask);
		close(subject->answer);
		serve(ask_read, answer_write);
	}
	subject->pid = pid;
	return 0;
}

int cost_subject_time(const struct cost_subject *subject, uint64_t calls, uint64_t *ret_ns)
{
	if (write(subject->ask, &calls, sizeof(calls)) != sizeof(calls))
		return -EIO;
	return read(subject->answer, ret_ns, sizeof(*ret_ns)) == sizeof(*ret_ns) ? 0 : -EIO;
}

void cost_subject_stop(struct cost_subject *subject)
{
	closep(&subject->ask);
	closep(&subject->answer);
	/* The other subject has our end of the pipe, too, so it would never see the end. */
	if (subject->pid > 0 && !kill(subject->pid, SIGKILL))
		waitpid(subject->pid, NULL, 0);
	*subject = (struct cost_subject)COST_SUBJECT_NONE;
}
