// SPDX-License-Identifier: GPL-2.0-or-later
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_SIZE 4096 /* more than the calls of a batch read */
#define FILE_START 1   /* reading a page's first byte is work that depends on how often that was done before */

static char byte;
static struct iovec piece = { &byte, 1 };
static struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

static int open_getppid(struct call_site *site)
{
	site->number = SYS_getppid;
	return 0;
}

/* One byte of a file in memory; without access times, for keeping them is work that depends on the time of day. */
static int open_read(struct call_site *site)
{
	static const char content[FILE_SIZE];

	site->fd = memfd_create("bench", MFD_CLOEXEC);
	if (site->fd < 0 || pwrite(site->fd, content, sizeof(content), 0) != sizeof(content) ||
	    fcntl(site->fd, F_SETFL, O_NOATIME) || lseek(site->fd, FILE_START, SEEK_SET) != FILE_START)
		return -EIO;
	*site = (struct call_site){ SYS_read, { site->fd, (long)&byte, 1 }, site->fd };
	return 0;
}

static void settle_read(const struct call_site *site, unsigned int count)
{
	(void)count;
	lseek(site->fd, FILE_START, SEEK_SET);
}

static int open_write(struct call_site *site)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*site = (struct call_site){ SYS_write, { fd, (long)&byte, 1 }, fd };
	return 0;
}

static int open_sendmsg(struct call_site *site)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	*site = (struct call_site){ SYS_sendmsg, { pair[0], (long)&message, MSG_DONTWAIT }, pair[1] };
	return 0;
}

static void settle_sendmsg(const struct call_site *site, unsigned int count)
{
	char sent;

	while (count--)
		recv(site->fd, &sent, 1, MSG_DONTWAIT);
}

static const struct {
	const char *name, *function;
	int (*open)(struct call_site *site);
	void (*settle)(const struct call_site *site, unsigned int count);
} calls[CALLS] = {
	[CALL_GETPPID] = { "getppid", "__do_sys_getppid", open_getppid, NULL },
	[CALL_READ] = { "read", "__x64_sys_read", open_read, settle_read },
	[CALL_WRITE] = { "write", "__x64_sys_write", open_write, NULL },
	[CALL_SENDMSG] = { "sendmsg", "__x64_sys_sendmsg", open_sendmsg, settle_sendmsg },
};

const char *call_name(enum call call)
{
	return calls[call].name;
}

const char *call_function(enum call call)
{
	return calls[call].function;
}

int call_open(enum call call, struct call_site *ret_site)
{
	return calls[call].open(ret_site);
}

void call_settle(enum call call, const struct call_site *site, unsigned int count)
{
	if (calls[call].settle)
		calls[call].settle(site, count);
}
