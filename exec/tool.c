// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of the tool: fork; it puts itself under the filter and says under which number it holds the listener; we take
 * that over and give the word; it calls execve.
 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "supervise/handover.h"
#include "util/cleanup.h"

/* Not by execve() either: the bounding set, or failing that no_new_privs, keeps it from root's programs. */
static int give_up_net_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, caps))
		return -errno;
	caps[0].effective &= ~(1U << CAP_NET_ADMIN);
	caps[0].permitted &= ~(1U << CAP_NET_ADMIN);
	caps[0].inheritable &= ~(1U << CAP_NET_ADMIN);
	if (prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return syscall(SYS_capset, &header, caps) ? -errno : 0;
}

static void __attribute__((noreturn)) become(char **argv, int socket, pid_t parent, bool dry_run)
{
	sigset_t none;
	int listener, go;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	listener = dry_run ? give_up_net_admin() : 0;
	listener = listener ?: exec_filter_install();
	if (!handover_send(socket, listener) && listener >= 0 && !handover_receive(socket, &go)) {
		close(listener);
		execvp(argv[0], argv);
		handover_send(socket, -errno);
	}
	_exit(127);
}

static int take_listener(struct tool *tool, int socket)
{
	int number, err;

	err = handover_receive(socket, &number);
	if (err)
		return err;
	if (number < 0)
		return number == -EACCES ? -EPERM : number;
	tool->listener = pidfd_getfd(tool->pidfd, number, 0);
	return tool->listener < 0 ? -errno : 0;
}

/* Wait until execve() has closed the tool's end, or has failed. Nothing it does until then is handed to us. */
static int wait_for_execution(int socket)
{
	int number, err;

	err = handover_receive(socket, &number);
	return err == -ECHILD ? 0 : err ?: number;
}

int tool_start(struct tool *tool, char **argv, bool dry_run)
{
	_cleanup_(closep) int ours = -1;
	_cleanup_(closep) int theirs = -1;
	pid_t self = getpid();
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	tool->pid = fork();
	if (tool->pid < 0)
		return -errno;
	if (tool->pid == 0)
		become(argv, theirs, self, dry_run);
	closep(&theirs);
	theirs = -1;
	tool->pidfd = pidfd_open(tool->pid, 0);
	if (tool->pidfd < 0)
		return -errno;
	err = take_listener(tool, ours) ?: handover_send(ours, 0);
	return err ?: wait_for_execution(ours);
}

void tool_reap(struct tool *tool)
{
	if (!tool->exited && waitpid(tool->pid, &tool->status, __WALL) == tool->pid)
		tool->exited = true;
}

void tool_deinit(struct tool *tool)
{
	if (tool->pid > 0 && !tool->exited) {
		kill(tool->pid, SIGKILL);
		tool_reap(tool);
	}
	closep(&tool->pidfd);
	closep(&tool->listener);
}
