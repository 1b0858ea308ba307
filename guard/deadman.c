// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/deadman.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whatever happens to @fd is told to @tgid, which the kernel holds by its process and not by the number. */
static int own(int fd, uint32_t tgid)
{
	if (fcntl(fd, F_SETOWN, tgid) || fcntl(fd, F_SETSIG, SIGCONT) || fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK))
		return -errno;
	return 0;
}

/* Both ends are owned: the order in which a dying process closes its descriptors is nowhere written down. */
int guard_deadman_arm(struct guard_deadman *deadman, uint32_t tgid)
{
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	err = own(ends[0], tgid);
	if (!err)
		err = own(ends[1], tgid);
	if (err) {
		close(ends[0]);
		close(ends[1]);
		return err;
	}
	deadman->ends[0] = ends[0];
	deadman->ends[1] = ends[1];
	return 0;
}

void guard_deadman_release(struct guard_deadman *deadman)
{
	close(deadman->ends[0]);
	close(deadman->ends[1]);
}
