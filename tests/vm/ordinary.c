// SPDX-License-Identifier: GPL-2.0-or-later
#include "ordinary.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char *mode_now = "no mode";

void test_failed(const char *file, int line, const char *condition, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: %s mode: expected %s: ", file, line, mode_now, condition);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void run(void (*test)(enum kview_mode mode), enum kview_mode mode)
{
	mode_now = kview_mode_name(mode);
	test(mode);
	printf("%s mode: ok\n", mode_now);
	fflush(stdout);
}

int test_modes(void (*test)(enum kview_mode mode))
{
	struct kview_status status = { .sz = sizeof(status) };

	run(test, KVIEW_MODE_ORDINARY);
	EXPECT_EQUAL(kview_status(&status), 0);
	if (status.module_loaded)
		run(test, KVIEW_MODE_VIEW);
	return 0;
}

struct kview *test_open(enum kview_mode mode)
{
	struct kview_open_opts opts = { .sz = sizeof(opts), .mode = mode, .name = "test" };
	struct kview *view;
	int err = kview_open(&opts, &view);

	EXPECT(!err, "%d: %s", err, kview_reason(NULL));
	EXPECT_EQUAL(kview_mode(view), mode);
	return view;
}

void test_refused(struct kview *view, int got, int err, const char *part)
{
	EXPECT(got == err, "%d (%s) is not %d (%s): %s", got, strerror(-got), err, part, kview_reason(view));
	EXPECT(strstr(kview_reason(view), part), "'%s' in '%s'", part, kview_reason(view));
}

static void *call_often(void *calls)
{
	for (unsigned int i = *(unsigned int *)calls; i; i--)
		syscall(SYS_getpgid, 0);
	return NULL;
}

static void call_in_threads(unsigned int threads, unsigned int calls)
{
	pthread_t others[threads];

	for (unsigned int i = 1; i < threads; i++)
		pthread_create(&others[i], NULL, call_often, &calls);
	call_often(&calls);
	for (unsigned int i = 1; i < threads; i++)
		pthread_join(others[i], NULL);
}

static void work(int from, int to, unsigned int threads)
{
	unsigned int calls;

	while (read(from, &calls, sizeof(calls)) == sizeof(calls)) {
		call_in_threads(threads, calls);
		if (write(to, "", 1) != 1)
			break;
	}
	_exit(0);
}

void worker_start(struct worker *worker, unsigned int threads)
{
	int to[2], from[2];

	EXPECT(!pipe(to) && !pipe(from), "%m");
	worker->pid = fork();
	EXPECT(worker->pid >= 0, "%m");
	if (!worker->pid) {
		close(to[1]);
		close(from[0]);
		work(to[0], from[1], threads);
	}
	close(to[0]);
	close(from[1]);
	worker->to = to[1];
	worker->from = from[0];
}

void worker_begin(struct worker *worker, unsigned int calls)
{
	EXPECT(write(worker->to, &calls, sizeof(calls)) == sizeof(calls), "%m");
}

void worker_wait(struct worker *worker)
{
	char done;

	EXPECT(read(worker->from, &done, 1) == 1, "the worker died");
}

void worker_end(struct worker *worker)
{
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
	close(worker->to);
	close(worker->from);
}
