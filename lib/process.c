// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which process a pid or pidfd means, for the ordinary mode: programs there compare what the kernel tells them of the
 * current task with what is found out here.
 *
 * A pid can be given to another process once its own has ended; pid and start time together cannot. The start time in
 * /proc counts ticks of 10 ms, in which a kernel cannot hand out all of its pids.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "internal.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h; shown by /proc/PID/stat */

/* Fields are counted from behind the name, which can contain anything: state is 3rd, flags 9th, start 22nd. */
int kview_stat_parse(const char *text, struct kview_stat *ret_stat)
{
	const char *rest = strrchr(text, ')');
	struct kview_stat stat;

	if (!rest)
		return -EINVAL;
	if (sscanf(rest + 1, " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
		   &stat.state, &stat.parent, &stat.flags, &stat.start) != 4)
		return -EINVAL;
	*ret_stat = stat;
	return 0;
}

static int read_stat_of(const char *path, struct kview_stat *ret_stat)
{
	_cleanup_(freep) char *text = NULL;
	int err = kview_file_read(path, &text);

	return err ?: kview_stat_parse(text, ret_stat);
}

static int read_stat(pid_t pid, struct kview_stat *ret_stat)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return read_stat_of(path, ret_stat);
}

static int read_thread_stat(pid_t tgid, pid_t tid, struct kview_stat *ret_stat)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", tgid, tid);
	return read_stat_of(path, ret_stat);
}

/* The process that thread @tid belongs to. */
static int process_of(pid_t tid, pid_t *ret_tgid)
{
	_cleanup_(freep) char *text = NULL;
	const char *line;
	char path[32];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	err = kview_file_read(path, &text);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	line = strstr(text, "\nTgid:");
	return line && sscanf(line, "\nTgid: %d", ret_tgid) == 1 ? 0 : -ESRCH;
}

/* The pid behind a pidfd as this process sees it: 0 when it cannot, -1 when the process is gone. */
static int pidfd_pid(int pidfd, pid_t *ret_pid)
{
	_cleanup_(freep) char *text = NULL;
	const char *line;
	char path[48];
	int err;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	err = kview_file_read(path, &text);
	if (err)
		return err == -ENOENT ? -EBADF : err;
	line = strstr(text, "\nPid:");
	if (!line || sscanf(line, "\nPid: %d", ret_pid) != 1)
		return -EBADF;
	return 0;
}

static bool is_dead(const struct kview_stat *stat)
{
	return stat->state == 'Z' || stat->state == 'X';
}

bool kview_process_is_gone(const struct kview_process *process)
{
	struct pollfd poll_fd = { .fd = process->pidfd, .events = POLLIN };
	struct kview_stat stat;

	if (poll(&poll_fd, 1, 0) > 0)
		return true;
	return process->tid && (read_thread_stat(process->tgid, process->tid, &stat) || is_dead(&stat) ||
				stat.start != process->thread_start);
}

void kview_process_close(struct kview_process *process)
{
	closep(&process->pidfd);
	process->pidfd = -1;
}

static int hold(pid_t pid, int pidfd, struct kview_process *process)
{
	if (pidfd < 0) {
		process->tgid = pid;
		process->pidfd = syscall(SYS_pidfd_open, pid, 0);
		/* EINVAL: not positive, or the id of a thread that is not a process */
		return process->pidfd >= 0 ? 0 : errno == EINVAL ? -ESRCH : -errno;
	}
	process->pidfd = fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
	if (process->pidfd < 0)
		return -errno;
	return pidfd_pid(pidfd, &process->tgid);
}

static int identify(struct kview_process *process, uint32_t *ret_why)
{
	struct kview_stat stat;
	int err;

	*ret_why = KVIEW_WHY_NO_PROCESS;
	if (process->tgid <= 0)
		return -ESRCH;
	err = read_stat(process->tgid, &stat);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	*ret_why = KVIEW_WHY_KERNEL_THREAD;
	if (stat.flags & PF_KTHREAD)
		return -EINVAL;
	/* What was read belongs to the process that is held only if that still exists. */
	*ret_why = KVIEW_WHY_EXITING;
	if (kview_process_is_gone(process))
		return -ESRCH;
	process->start = stat.start;
	*ret_why = KVIEW_WHY_NONE;
	return 0;
}

int kview_process_open(pid_t pid, int pidfd, struct kview_process *ret_process, uint32_t *ret_why)
{
	struct kview_process process = { .pidfd = -1 };
	int err;

	err = hold(pid, pidfd, &process);
	*ret_why = err == -ESRCH ? KVIEW_WHY_NO_PROCESS : KVIEW_WHY_NONE;
	if (!err)
		err = identify(&process, ret_why);
	if (err) {
		kview_process_close(&process);
		return err;
	}
	*ret_process = process;
	return 0;
}

static int identify_thread(struct kview_process *process, pid_t tid, uint32_t *ret_why)
{
	struct kview_stat stat;
	int err;

	*ret_why = KVIEW_WHY_NO_THREAD;
	err = read_thread_stat(process->tgid, tid, &stat);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	*ret_why = KVIEW_WHY_THREAD_EXITING;
	if (is_dead(&stat))
		return -ESRCH;
	process->tid = tid;
	process->thread_start = stat.start;
	*ret_why = KVIEW_WHY_NONE;
	return 0;
}

int kview_process_open_thread(pid_t tid, struct kview_process *ret_process, uint32_t *ret_why)
{
	struct kview_process process = { .pidfd = -1 };
	pid_t tgid;
	int err;

	err = process_of(tid, &tgid);
	*ret_why = err == -ESRCH ? KVIEW_WHY_NO_THREAD : KVIEW_WHY_NONE;
	if (!err)
		err = kview_process_open(tgid, -1, &process, ret_why);
	if (err)
		return err;
	err = identify_thread(&process, tid, ret_why);
	if (err) {
		kview_process_close(&process);
		return err;
	}
	*ret_process = process;
	return 0;
}
