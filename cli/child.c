// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a child: fork; it waits for our word; we seize it with ptrace and give the word; it calls execve; it
 * stops when the new program is in place (PTRACE_EVENT_EXEC) and once more when the call returns, so that not even the
 * exit of execve itself is traced; the caller makes it a member; we let go.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"

#define STOP_EXEC (SIGTRAP | PTRACE_EVENT_EXEC << 8)
#define STOP_SYSCALL (SIGTRAP | 0x80) /* with PTRACE_O_TRACESYSGOOD */

/* Our end and the child's end of what the two say to each other: "go", and the errno of a failed execve. */
struct pipes {
	int go[2];
	int error[2];
};

static void pipes_deinit(struct pipes *pipes)
{
	closep(&pipes->go[0]);
	closep(&pipes->go[1]);
	closep(&pipes->error[0]);
	closep(&pipes->error[1]);
}

static int pipes_init(struct pipes *pipes)
{
	if (pipe2(pipes->go, O_CLOEXEC) || pipe2(pipes->error, O_CLOEXEC))
		return -errno;
	return 0;
}

static void __attribute__((noreturn)) become(char **argv, const struct pipes *pipes)
{
	sigset_t none;
	char go;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(pipes->go[1]);
	if (read(pipes->go[0], &go, sizeof(go)) == sizeof(go)) {
		execvp(argv[0], argv);
		err = errno;
		if (write(pipes->error[1], &err, sizeof(err)) != sizeof(err))
			_exit(126);
	}
	_exit(127);
}

/* Why the child has gone instead of stopping. */
static int read_error(const struct pipes *pipes)
{
	int err;

	if (read(pipes->error[0], &err, sizeof(err)) == sizeof(err))
		return -err;
	return -ECHILD;
}

static int signal_at_stop(int status)
{
	/* Stops of ptrace's own carry an event number; what is left is a signal on its way to the child. */
	return status >> 16 || WSTOPSIG(status) == STOP_SYSCALL ? 0 : WSTOPSIG(status);
}

/* Wait until the child stops for @wanted; let it go on with @request after anything else. */
static int wait_for_stop(struct child *child, int wanted, enum __ptrace_request request)
{
	int status;

	for (;;) {
		if (waitpid(child->pid, &status, __WALL) < 0)
			return -errno;
		if (!WIFSTOPPED(status)) {
			child->exited = true;
			child->status = status;
			return -ECHILD;
		}
		if (status >> 8 == wanted)
			return 0;
		if (ptrace(request, child->pid, NULL, (uintptr_t)signal_at_stop(status)))
			return -errno;
	}
}

static int run_to_program(struct child *child, struct pipes *pipes)
{
	const uintptr_t options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	int err;

	if (ptrace(PTRACE_SEIZE, child->pid, NULL, options))
		return -errno;
	if (write(pipes->go[1], "", 1) != 1)
		return -errno;
	closep(&pipes->error[1]);
	pipes->error[1] = -1;
	err = wait_for_stop(child, STOP_EXEC, PTRACE_CONT);
	if (err)
		return child->exited ? read_error(pipes) : err;
	if (ptrace(PTRACE_SYSCALL, child->pid, NULL, NULL))
		return -errno;
	return wait_for_stop(child, STOP_SYSCALL, PTRACE_SYSCALL);
}

int child_start(struct child *child, char **argv)
{
	_cleanup_(pipes_deinit) struct pipes pipes = {{-1, -1}, {-1, -1}};
	int err;

	err = pipes_init(&pipes);
	if (err)
		return err;
	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (child->pid == 0)
		become(argv, &pipes);
	child->pidfd = pidfd_open(child->pid, 0);
	if (child->pidfd < 0)
		return -errno;
	return run_to_program(child, &pipes);
}

int child_release(struct child *child)
{
	if (ptrace(PTRACE_DETACH, child->pid, NULL, NULL))
		return -errno;
	child->released = true;
	return 0;
}

void child_reap(struct child *child)
{
	if (!child->exited && waitpid(child->pid, &child->status, __WALL) == child->pid)
		child->exited = true;
}

void child_deinit(struct child *child)
{
	if (child->pid <= 0)
		return;
	if (!child->released && !child->exited) {
		kill(child->pid, SIGKILL);
		child_reap(child);
	}
	closep(&child->pidfd);
}
