// SPDX-License-Identifier: GPL-2.0-or-later
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"

/* What the parent asks for; the answer is one byte, and for a measurement *sample. */
struct request {
	enum call call;
	bool walk; /* or measure */
};

struct subject {
	pid_t pid;
	int requests, answers; /* the parent's ends of pipes */
	struct sample *sample; /* shared memory */
};

static void walk_elsewhere(void)
{
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	char text[64];
	struct stat st;

	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text));
		fstat(fd, &st);
		close(fd);
	}
	(void)!getcwd(text, sizeof(text));
	stat("/proc/self", &st);
}

static void mark(int trace, const char *text)
{
	(void)!write(trace, text, strlen(text));
}

static void walk(const struct call_site *sites, enum call call)
{
	_cleanup_(closep) int trace = open("/sys/kernel/tracing/trace_marker", O_WRONLY | O_CLOEXEC);
	const struct call_site *site = &sites[call];

	mark(trace, SUBJECT_BEGIN);
	if (call == CALLS) {
		walk_elsewhere();
	} else {
		for (int i = 0; i < BATCH; i++)
			syscall(site->number, site->args[0], site->args[1], site->args[2]);
	}
	mark(trace, SUBJECT_END);
	if (call != CALLS)
		call_settle(call, site, BATCH);
}

/* The subject's life; ends with its parent. */
static void serve(int requests, int answers, struct sample *sample)
{
	struct call_site sites[CALLS + 1] = {};
	struct request request;

	for (int call = 0; call < CALLS; call++) {
		if (call_open(call, &sites[call]))
			return;
	}
	(void)!write(answers, "", 1);
	while (read(requests, &request, sizeof(request)) == sizeof(request)) {
		if (request.walk)
			walk(sites, request.call);
		else
			insns_measure(request.call, &sites[request.call], sample);
		(void)!write(answers, "", 1);
	}
}

static int wait_answer(struct subject *subject)
{
	char byte;

	return read(subject->answers, &byte, 1) == 1 ? 0 : -EIO;
}

static int ask(struct subject *subject, enum call call, bool walk)
{
	const struct request request = { call, walk };

	if (write(subject->requests, &request, sizeof(request)) != sizeof(request))
		return -EIO;
	return wait_answer(subject);
}

static int start_process(struct subject *subject, int requests[2], int answers[2])
{
	subject->pid = fork();
	if (subject->pid < 0)
		return -errno;
	if (subject->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(requests[1]);
		close(answers[0]);
		serve(requests[0], answers[1], subject->sample);
		_exit(0);
	}
	subject->requests = requests[1];
	subject->answers = answers[0];
	close(requests[0]);
	close(answers[1]);
	return wait_answer(subject);
}

int subject_start(struct subject **ret_subject)
{
	_cleanup_(freep) struct subject *subject = calloc(1, sizeof(*subject));
	int requests[2], answers[2], err;

	if (!subject)
		return -ENOMEM;
	subject->sample = mmap(NULL, sizeof(*subject->sample), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			       -1, 0);
	if (subject->sample == MAP_FAILED || pipe2(requests, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		return -errno;
	err = start_process(subject, requests, answers);
	if (err)
		return err;
	*ret_subject = TAKE_PTR(subject);
	return 0;
}

void subject_stop(struct subject *subject)
{
	if (!subject)
		return;
	close(subject->requests);
	close(subject->answers);
	/* Subjects that were started later hold the other ends of its pipes, too, so it would not notice. */
	kill(subject->pid, SIGKILL);
	waitpid(subject->pid, NULL, 0);
	munmap(subject->sample, sizeof(*subject->sample));
	free(subject);
}

pid_t subject_pid(const struct subject *subject)
{
	return subject->pid;
}

int subject_measure(struct subject *subject, enum call call, struct sample *ret_sample)
{
	int err = ask(subject, call, false);

	if (!err)
		*ret_sample = *subject->sample;
	return err;
}

int subject_walk(struct subject *subject, enum call call)
{
	return ask(subject, call, true);
}
