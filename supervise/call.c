// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervise/call.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "util/cleanup.h"

#define PAGE 4096

#define LINE_LEN 256

/* Read what follows @key at the start of a line of /proc/PID/@file. */
static int read_line(pid_t pid, const char *file, const char *key, char ret_value[LINE_LEN])
{
	_cleanup_(fclosep) FILE *stream = NULL;
	size_t len = strlen(key);
	char path[64], line[LINE_LEN];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	stream = fopen(path, "re");
	if (!stream)
		return -errno;
	while (fgets(line, sizeof(line), stream))
		if (!strncmp(line, key, len)) {
			strcpy(ret_value, line + len);
			return 0;
		}
	return -ENOENT;
}

/* The same for a number. */
static int read_proc(pid_t pid, const char *file, const char *key, int base, uint64_t *ret_value)
{
	char value[LINE_LEN];
	int err = read_line(pid, file, key, value);

	if (!err)
		*ret_value = strtoull(value, NULL, base);
	return err;
}

/* Does the thread of this id still wait in the call? Only then is what was read by its id its own. */
static int check_alive(const struct call *call)
{
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->notif.id) ? -ENOENT : 0;
}

/* pidfd_open() takes processes only, and a call is made by a thread. */
static int find_process(struct call *call)
{
	uint64_t process;
	int err;

	err = read_proc(call->notif.pid, "status", "Tgid:", 10, &process);
	if (err)
		return -ENOENT;
	call->process = process;
	call->pidfd = pidfd_open(call->process, 0);
	return call->pidfd < 0 ? -ENOENT : check_alive(call);
}

int call_receive(int listener, struct call *ret_call)
{
	struct call call = { .listener = listener, .pidfd = -1 };
	int err;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call.notif))
		return -errno;
	err = find_process(&call);
	if (err) {
		call_deinit(&call);
		return err;
	}
	*ret_call = call;
	return 0;
}

void call_deinit(struct call *call)
{
	closep(&call->pidfd);
	call->pidfd = -1;
}

static int respond(const struct call *call, const struct answer *answer)
{
	struct seccomp_notif_resp response = { .id = call->notif.id };

	if (answer->kind == ANSWER_KERNEL)
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (answer->value < 0)
		response.error = answer->value;
	else
		response.val = answer->value;
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) ? -errno : 0;
}

/* The descriptor and the call's return come in one step: no signal can lose the number. */
static int inject(const struct call *call, const struct answer *answer)
{
	struct seccomp_notif_addfd add = {
		.id = call->notif.id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = answer->fd,
		.newfd_flags = answer->cloexec ? O_CLOEXEC : 0,
	};

	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? -errno : 0;
}

int call_answer(const struct call *call, struct answer *answer)
{
	struct answer failure;
	int err;

	if (answer->kind != ANSWER_FD) {
		err = respond(call, answer);
		return err == -ENOENT ? 0 : err;
	}
	err = inject(call, answer);
	closep(&answer->fd);
	answer->fd = -1;
	if (!err || err == -ENOENT)
		return 0;
	failure = answer_value(err); /* the tool has no descriptor free */
	err = respond(call, &failure);
	return err == -ENOENT ? 0 : err;
}

int call_read(const struct call *call, uint64_t address, void *to, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };

	if (process_vm_readv(call->notif.pid, &local, 1, &remote, 1, 0) != (ssize_t)size)
		return -EFAULT;
	return check_alive(call);
}

int call_write(const struct call *call, uint64_t address, const void *from, size_t size)
{
	struct iovec local = { .iov_base = (void *)from, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };

	return process_vm_writev(call->notif.pid, &local, 1, &remote, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

/* The page after the string need not be there. */
int call_read_string(const struct call *call, uint64_t address, char *to, size_t size)
{
	size_t done = 0, part;
	int err;

	while (done < size) {
		part = PAGE - (address + done) % PAGE;
		if (part > size - done)
			part = size - done;
		err = call_read(call, address + done, to + done, part);
		if (err)
			return err;
		if (memchr(to + done, '\0', part))
			return 0;
		done += part;
	}
	return -ENAMETOOLONG;
}

enum file_kind call_file_kind(const struct call *call, int fd)
{
	char path[64], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", call->process, fd);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return FILE_OTHER;
	target[len] = '\0';
	if (!strcmp(target, "anon_inode:[perf_event]"))
		return FILE_PERF_EVENT;
	if (!strcmp(target, "anon_inode:bpf_link"))
		return FILE_BPF_LINK;
	return strcmp(target, "anon_inode:kview-link") ? FILE_OTHER : FILE_KVIEW_LINK;
}

int call_take_fd(const struct call *call, int fd)
{
	int ours = pidfd_getfd(call->pidfd, fd, 0);

	return ours < 0 ? -errno : ours;
}

int call_replace_fd(const struct call *call, int theirs, int ours)
{
	struct seccomp_notif_addfd add = {
		.id = call->notif.id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = ours,
		.newfd = theirs,
	};
	uint64_t flags = 0;
	char file[32];

	snprintf(file, sizeof(file), "fdinfo/%d", theirs);
	if (!read_proc(call->process, file, "flags:", 8, &flags) && flags & O_CLOEXEC)
		add.newfd_flags = O_CLOEXEC;
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? -errno : 0;
}

static bool in_our_user_namespace(const struct call *call)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", call->notif.pid);
	return !stat("/proc/self/ns/user", &ours) && !stat(path, &theirs) && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

/* Capabilities count in the user namespace they are for; in another one than ours they would not let us attach either. */
bool call_may_attach(const struct call *call)
{
	const uint64_t both = 1ULL << CAP_BPF | 1ULL << CAP_PERFMON;
	uint64_t caps;

	if (read_proc(call->notif.pid, "status", "CapEff:", 16, &caps) || check_alive(call))
		return false;
	return ((caps & both) == both || caps & 1ULL << CAP_SYS_ADMIN) && in_our_user_namespace(call);
}

static uint64_t dac_capabilities(pid_t pid)
{
	const uint64_t both = 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH;
	uint64_t caps;

	return read_proc(pid, "status", "CapEff:", 16, &caps) ? 0 : caps & both;
}

/* Of the four users a thread has the last one is asked about files. */
static bool has_our_user(const struct call *call)
{
	char users[LINE_LEN];
	unsigned int user;

	return !read_line(call->notif.pid, "status", "Uid:", users) &&
	       sscanf(users, "%*u %*u %*u %u", &user) == 1 && user == geteuid();
}

bool call_reaches_files(const struct call *call)
{
	const uint64_t ours = dac_capabilities(getpid());

	return has_our_user(call) && (dac_capabilities(call->notif.pid) & ours) == ours && !check_alive(call);
}
