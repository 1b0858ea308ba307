// SPDX-License-Identifier: GPL-2.0-or-later
#include "perf_opener.h"

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privileges.h"
#include "supervise/call.h"
#include "supervise/handover.h"
#include "supervise/perf_request.h"
#include "util/cleanup.h"

bool perf_opener_is_needed(void)
{
	_cleanup_(fclosep) FILE *in = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level;

	return in && fscanf(in, "%d", &level) == 1 && level > 2;
}

/* --- kview-perf ---------------------------------------------------------------------------------------------------- */

static bool is_sample(const struct perf_request *request)
{
	return request->attr.type == PERF_TYPE_SOFTWARE && request->attr.config == PERF_COUNT_SW_CPU_CLOCK &&
	       request->pid > 0;
}

/* Else the kernel decides: by the rights of a daemon that has no more of them than whoever got hold of it. */
static bool is_expected(const struct perf_request *request, const struct perf_types *types)
{
	if (request->group_fd != -1 || request->flags & ~(unsigned long)PERF_FLAG_FD_CLOEXEC)
		return false;
	return is_sample(request) || (request->attr.type == types->uprobe && request->pid == -1);
}

static struct answer open_event(const struct call *call, const struct perf_types *types)
{
	struct perf_request request;
	char path[PATH_MAX];
	int fd;

	if (perf_request_read(call, &request) || !is_expected(&request, types) || !call_may_attach(call))
		return answer_kernel();
	if (request.attr.type == types->uprobe) {
		if (call_read_string(call, request.attr.uprobe_path, path, sizeof(path)))
			return answer_kernel();
		request.attr.uprobe_path = (uintptr_t)path;
	}
	fd = syscall(SYS_perf_event_open, &request.attr, request.pid, request.cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? answer_value(-errno) : answer_fd(fd, request.flags & PERF_FLAG_FD_CLOEXEC);
}

/* Until nobody is left under the filter. */
static void answer_calls(int listener)
{
	struct pollfd news = { .fd = listener, .events = POLLIN };
	struct perf_types types;
	struct answer answer;
	struct call call;

	perf_types_read(&types);
	while (poll(&news, 1, -1) >= 0 || errno == EINTR) {
		if (news.revents & POLLHUP)
			return;
		if (!(news.revents & POLLIN) || call_receive(listener, &call))
			continue;
		answer = open_event(&call, &types);
		call_answer(&call, &answer);
		call_deinit(&call);
	}
}

/* From the daemon, as soon as it says under which number it has it. */
static int take_listener(int socket, int daemon)
{
	int number, listener, err;

	err = handover_receive(socket, &number);
	if (err)
		return err;
	listener = pidfd_getfd(daemon, number, 0);
	return listener < 0 ? -errno : listener;
}

/* May a descriptor be taken from the daemon? There is no way back once the filter is there. */
static int try_taking(int daemon, int theirs)
{
	_cleanup_(closep) int copy = pidfd_getfd(daemon, theirs, 0);

	return copy < 0 ? -errno : 0;
}

/* It keeps none of the daemon's descriptors but the one for what goes wrong. */
static int close_others(int *socket)
{
	if (dup2(*socket, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, ~0U, 0))
		return -errno;
	*socket = STDERR_FILENO + 1;
	return 0;
}

static int prepare(int *socket)
{
	prctl(PR_SET_NAME, "kview-perf");
	return close_others(socket) ?: privileges_keep_perf();
}

/* Signals stay blocked, as the daemon's are: it ends when that does, not when a terminal says so. */
static _Noreturn void be_opener(int socket, int theirs, pid_t parent)
{
	int daemon, listener, err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	err = prepare(&socket);
	daemon = pidfd_open(parent, 0);
	err = err ?: try_taking(daemon, theirs);
	if (handover_send(socket, err) || err)
		_exit(EXIT_FAILURE);
	listener = take_listener(socket, daemon);
	if (handover_send(socket, listener < 0 ? listener : 0) || listener < 0)
		_exit(EXIT_FAILURE);
	close(socket);
	answer_calls(listener);
	_exit(EXIT_SUCCESS);
}

/* --- the daemon ---------------------------------------------------------------------------------------------------- */

static int install_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };
	int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			 SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);

	return fd < 0 ? -errno : fd;
}

/* What the other side says: 0 or a negative errno. */
static int wait_for_word(int socket)
{
	int word, err;

	err = handover_receive(socket, &word);
	return err ?: word;
}

/* Once the filter is there, perf_event_open() is answered by the one who has the listener, or fails. */
static int hand_over(int socket)
{
	_cleanup_(closep) int listener = -1;
	int err;

	err = wait_for_word(socket);
	if (err)
		return err;
	listener = install_filter();
	if (listener < 0)
		return listener == -EACCES ? -EPERM : listener;
	err = handover_send(socket, listener);
	return err ?: wait_for_word(socket);
}

int perf_opener_start(pid_t *ret_opener)
{
	_cleanup_(closep) int ours = -1;
	_cleanup_(closep) int theirs = -1;
	pid_t daemon = getpid(), opener;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	opener = fork();
	if (opener < 0)
		return -errno;
	if (!opener)
		be_opener(theirs, ours, daemon);
	closep(&theirs);
	theirs = -1;
	err = hand_over(ours);
	if (err) {
		perf_opener_stop(opener);
		return err;
	}
	*ret_opener = opener;
	return 0;
}

bool perf_opener_has_ended(pid_t *opener)
{
	if (!*opener || waitpid(*opener, NULL, WNOHANG) != *opener)
		return false;
	*opener = 0;
	return true;
}

void perf_opener_stop(pid_t opener)
{
	if (!opener)
		return;
	kill(opener, SIGKILL);
	waitpid(opener, NULL, 0);
}
