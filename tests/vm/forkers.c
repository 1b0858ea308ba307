// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "forkers.h"
#include "testlib.h"

void forker_call(void)
{
	for (int i = 0; i < FORKER_CALLS; i++)
		syscall(SYS_getppid);
}

_Noreturn void forker_exec(void)
{
	test_exec_caller(FORKER_CALLS);
	_exit(98);
}

void forker_reap(pid_t pid)
{
	int status = 1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		_exit(97);
}

pid_t forker_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(96);
	return pid;
}

/* Every third child ends in an exec, every fourth has a child. */
static _Noreturn void be_child(int number)
{
	forker_call();
	if (number % 4 == 0) {
		pid_t grandchild = forker_fork();

		forker_call();
		if (!grandchild)
			_exit(0);
		forker_reap(grandchild);
	}
	if (number % 3 == 0)
		forker_exec();
	_exit(0);
}

static int calls_of_child(int number)
{
	return FORKER_CALLS * (1 + (number % 4 == 0) * 2 + (number % 3 == 0));
}

static _Noreturn void be_forker(struct forkers *forkers)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; !forkers->stop; i++) {
		pid_t pid = forker_fork();

		if (!pid)
			be_child(i);
		forker_reap(pid);
		__atomic_fetch_add(&forkers->calls, calls_of_child(i), __ATOMIC_RELAXED);
	}
	_exit(0);
}

struct forkers *forkers_new(void)
{
	struct forkers *forkers = mmap(NULL, sizeof(*forkers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(forkers != MAP_FAILED);
	return forkers;
}

pid_t forkers_start_one(struct forkers *forkers)
{
	pid_t pid = CHECK_CALL(fork());

	if (!pid)
		be_forker(forkers);
	return pid;
}

void forkers_start(struct forkers *forkers)
{
	for (int i = 0; i < FORKERS; i++)
		forkers->pids[i] = forkers_start_one(forkers);
}

void forkers_stop(struct forkers *forkers)
{
	forkers->stop = true;
	for (int i = 0; i < FORKERS; i++)
		CHECK_EQUAL(test_wait(forkers->pids[i]), 0);
}
