// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervise/handover.h"

#include <errno.h>
#include <sys/socket.h>

int handover_send(int socket, int number)
{
	return send(socket, &number, sizeof(number), MSG_NOSIGNAL) == sizeof(number) ? 0 : -errno;
}

int handover_receive(int socket, int *ret_number)
{
	ssize_t size;

	do
		size = recv(socket, ret_number, sizeof(*ret_number), 0);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	return size == sizeof(*ret_number) ? 0 : -ECHILD;
}
