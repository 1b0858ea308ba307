// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost_subject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/clock.h"

#define SUBJECT_NAME "kview-subject"

struct question {
	uint64_t calls, times;
};

/* The processor's own counter, of this process: none on many virtual machines. */
static int open_counter(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_hv = 1,
		.pinned = 1, /* all the time, or not at all */
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Waits for the processor are no part of a system call's cost, so it is not the time that passes. */
static struct cost_sample now(int counter)
{
	struct cost_sample sample = { .counter = counter < 0 ? counter : 0 };

	/* Nothing can be read of a pinned counter that others have taken the place of. */
	if (counter >= 0 && read(counter, &sample.instructions, sizeof(sample.instructions)) <= 0)
		sample.counter = -EBUSY;
	sample.ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	return sample;
}

static struct cost_sample make_calls(const struct question *question, int counter)
{
	struct cost_sample start = now(counter), end;
	uint64_t i;

	for (i = 0; i < question->times; i++) {
		if (question->calls & COST_CALL_GETPGID)
			syscall(SYS_getpgid, 0);
		if (question->calls & COST_CALL_RENAME)
			syscall(SYS_prctl, PR_SET_NAME, SUBJECT_NAME);
	}
	end = now(counter);
	end.ns -= start.ns;
	end.instructions -= start.instructions;
	return end;
}

static void __attribute__((noreturn)) serve(int ask, int answer)
{
	struct cost_sample sample;
	struct question question;
	int counter;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, SUBJECT_NAME);
	counter = open_counter();
	while (read(ask, &question, sizeof(question)) == sizeof(question)) {
		sample = make_calls(&question, counter);
		if (write(answer, &sample, sizeof(sample)) != sizeof(sample))
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

int cost_subject_ask(const struct cost_subject *subject, unsigned int calls, uint64_t times, struct cost_sample *ret_sample)
{
	struct question question = { .calls = calls, .times = times };

	if (write(subject->ask, &question, sizeof(question)) != sizeof(question))
		return -EIO;
	return read(subject->answer, ret_sample, sizeof(*ret_sample)) == sizeof(*ret_sample) ? 0 : -EIO;
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
