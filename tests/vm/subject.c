// SPDX-License-Identifier: GPL-2.0-or-later
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "testlib.h"

#define PATIENCE 50 /* seconds until a subject that does not answer fails the case, on a stock kernel */

/*
 * RCU-tasks, with which ftrace and the module wait, wants to see every thread give up its processor once. One that
 * never does so keeps them waiting until something else wants that processor.
 */
#define CALLS_PER_PAUSE 64

/* Memory of the maker and the subject. */
struct subject_shared {
	void (*call)(void);
	sem_t wake[SUBJECT_THREADS_MAX];
	sem_t finished; /* posted by every thread */
	uint64_t count; /* calls each thread has to make; 0: until @stop */
	atomic_bool stop;
	uint64_t calls[SUBJECT_THREADS_MAX];

	sem_t command;
	sem_t done;
	void (*function)(void *argument);
	void *argument;
};

struct thread {
	struct subject_shared *shared;
	int index;
};

static int zero = -1;

void subject_getppid(void)
{
	syscall(SYS_getppid);
}

void subject_read(void)
{
	char byte;

	if (syscall(SYS_read, zero, &byte, 1) != 1)
		abort();
}

static void wait_on(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static void *thread_main(void *argument)
{
	struct thread *thread = argument;
	struct subject_shared *shared = thread->shared;

	for (;;) {
		uint64_t calls = 0;

		wait_on(&shared->wake[thread->index]);
		while (shared->count ? calls < shared->count : !shared->stop) {
			shared->call();
			if (!(++calls % CALLS_PER_PAUSE))
				sched_yield();
		}
		shared->calls[thread->index] = calls;
		sem_post(&shared->finished);
	}
	return NULL;
}

/* A subject that held views and links of its maker would keep them from ending. */
static void close_kview_files(void)
{
	char path[64], target[64];

	for (int fd = 3; fd < 1024; fd++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = 0;
		if (strstr(target, "kview"))
			close(fd);
	}
}

static _Noreturn void subject_main(struct subject_shared *shared, int threads)
{
	struct thread thread[SUBJECT_THREADS_MAX];
	pthread_t id;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_kview_files();
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < threads; i++) {
		thread[i] = (struct thread){ shared, i };
		if (pthread_create(&id, NULL, thread_main, &thread[i]))
			abort();
	}
	sem_post(&shared->done);
	for (;;) {
		wait_on(&shared->command);
		shared->function(shared->argument);
		sem_post(&shared->done);
	}
}

static bool has_ended(const struct subject *subject)
{
	siginfo_t info = {};

	return !waitid(P_PID, subject->pid, &info, WEXITED | WNOWAIT | WNOHANG) && info.si_pid;
}

static void wait_for(struct subject *subject, sem_t *sem)
{
	struct timespec until;

	for (long i = PATIENCE * test_slow(); i > 0; i--) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		if (!sem_timedwait(sem, &until))
			return;
		if (has_ended(subject))
			FAIL("subject %d has ended", subject->pid);
	}
	FAIL("subject %d does not answer", subject->pid);
}

static struct subject_shared *make_shared(void (*call)(void))
{
	struct subject_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
					     -1, 0);

	CHECK(shared != MAP_FAILED);
	for (int i = 0; i < SUBJECT_THREADS_MAX; i++)
		sem_init(&shared->wake[i], 1, 0);
	sem_init(&shared->finished, 1, 0);
	sem_init(&shared->command, 1, 0);
	sem_init(&shared->done, 1, 0);
	shared->call = call;
	return shared;
}

struct subject subject_new_calling(int threads, void (*call)(void))
{
	struct subject subject = { .threads = threads, .shared = make_shared(call) };

	CHECK(threads <= SUBJECT_THREADS_MAX);
	subject.pid = CHECK_CALL(fork());
	if (!subject.pid)
		subject_main(subject.shared, threads);
	wait_for(&subject, &subject.shared->done);
	return subject;
}

struct subject subject_new(int threads)
{
	return subject_new_calling(threads, subject_getppid);
}

static void wake(struct subject *subject, uint64_t count)
{
	subject->shared->count = count;
	subject->shared->stop = false;
	for (int i = 0; i < subject->threads; i++)
		sem_post(&subject->shared->wake[i]);
}

static uint64_t collect(struct subject *subject)
{
	uint64_t sum = 0;

	for (int i = 0; i < subject->threads; i++)
		wait_for(subject, &subject->shared->finished);
	for (int i = 0; i < subject->threads; i++)
		sum += subject->shared->calls[i];
	return sum;
}

uint64_t subject_call(struct subject *subject, uint64_t count)
{
	wake(subject, count);
	return collect(subject);
}

void subject_start(struct subject *subject)
{
	wake(subject, 0);
}

uint64_t subject_stop(struct subject *subject)
{
	subject->shared->stop = true;
	return collect(subject);
}

void subject_begin(struct subject *subject, void (*function)(void *argument), void *argument)
{
	subject->shared->function = function;
	subject->shared->argument = argument;
	sem_post(&subject->shared->command);
}

void subject_done(struct subject *subject)
{
	wait_for(subject, &subject->shared->done);
}

void subject_do(struct subject *subject, void (*function)(void *argument), void *argument)
{
	subject_begin(subject, function, argument);
	subject_done(subject);
}

void subject_end(struct subject *subject)
{
	kill(subject->pid, SIGKILL);
	test_wait(subject->pid);
	munmap(subject->shared, sizeof(*subject->shared));
	subject->pid = 0;
}
