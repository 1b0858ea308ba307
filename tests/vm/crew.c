// SPDX-License-Identifier: GPL-2.0-or-later
#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "testlib.h"

static void call(void)
{
	for (int i = 0; i < CREW_CALLS; i++) {
		syscall(SYS_getppid);
		prctl(PR_SET_NAME, "hand"); /* the tracepoint task_rename */
	}
}

static void fork_and_call(void)
{
	pid_t pid = fork();

	if (!pid) {
		call();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static int call_as_child(void *unused)
{
	(void)unused;
	call();
	return 0;
}

/* A process that runs in our address space. */
static void vfork_and_call(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = clone(call_as_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	waitpid(pid, NULL, 0);
}

static void obey(enum order order)
{
	switch (order) {
	case ORDER_CALL:
		call();
		break;
	case ORDER_EXIT:
		syscall(SYS_exit, 0);
		break;
	case ORDER_EXEC:
		test_exec_caller(CREW_CALLS);
		break;
	case ORDER_FORK:
		fork_and_call();
		break;
	case ORDER_VFORK:
		vfork_and_call();
		break;
	}
}

static void *serve(void *data)
{
	struct hand *hand = data;

	hand->tid = syscall(SYS_gettid);
	for (;;) {
		while (!hand->order)
			usleep(1000);
		obey(hand->order);
		hand->order = 0;
	}
	return NULL;
}

void crew_start(struct hand *hand)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	CHECK(!pthread_create(&thread, &attributes, serve, hand));
}

struct crew crew_new(int hands)
{
	struct crew crew = { .hands = mmap(NULL, HANDS_MAX * sizeof(struct hand), PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0) };

	CHECK(crew.hands != MAP_FAILED);
	crew.pid = CHECK_CALL(fork());
	if (!crew.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 1; i < hands; i++)
			crew_start(&crew.hands[i]);
		serve(&crew.hands[0]);
	}
	for (int i = 0; i < hands; i++)
		WAIT_FOR(crew.hands[i].tid);
	return crew;
}

void crew_tell(struct crew *crew, int hand, enum order order)
{
	crew->hands[hand].order = order;
	WAIT_FOR(!crew->hands[hand].order);
}

void crew_call(struct crew *crew, int hands)
{
	for (int i = 0; i < hands; i++)
		crew_tell(crew, i, ORDER_CALL);
}

static bool lives(const struct crew *crew, int hand)
{
	return !syscall(SYS_tgkill, crew->pid, crew->hands[hand].tid, 0);
}

void crew_exit(struct crew *crew, int hand)
{
	crew->hands[hand].order = ORDER_EXIT;
	WAIT_FOR(!lives(crew, hand));
}
