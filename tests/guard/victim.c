// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small server that keeps notes, with a hole: it believes the length a client sends. Built without what compilers and
 * kernels do against overflows nowadays, so that exploit.py can take it over. For tests of guard; never install it.
 *
 *   victim PORT FOLDER     serves on 127.0.0.1 until a client says "bye"
 *
 * A request is a length (4 bytes, little endian) and so many bytes: "put NAME TEXT", "get NAME", "bye".
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 4096

/* As any large program would happen to contain somewhere. */
__asm__(".text\n.globl gadget_jump, gadget_return\ngadget_jump: jmp *%rsp\ngadget_return: ret\n");

static int put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t done;

	if (fd < 0)
		return -1;
	done = write(fd, text, strlen(text));
	close(fd);
	return done < 0 ? -1 : 0;
}

static void get(int client, const char *name)
{
	char text[256];
	ssize_t len;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		dprintf(client, "no such note\n");
		return;
	}
	while ((len = read(fd, text, sizeof(text))) > 0)
		if (write(client, text, len) != len)
			break;
	close(fd);
}

/* The hole: @len may be more than there is room for. */
__attribute__((noinline)) static void copy_request(char *request, size_t len, char *ret_request)
{
	char line[64];

	memcpy(line, request, len);
	__asm__ volatile("" : : "r"(line) : "memory");
	memcpy(ret_request, line, sizeof(line));
	ret_request[len < sizeof(line) ? len : sizeof(line) - 1] = '\0';
}

/* False: the client said bye. */
static int answer(int client, char *request, size_t len)
{
	static char line[64]; /* not where the overflow goes on */
	char name[32], text[64] = "";

	copy_request(request, len, line);
	if (!strncmp(line, "bye", 3))
		return 0;
	if (sscanf(line, "put %31[a-z0-9] %63[^\n]", name, text) >= 1)
		dprintf(client, put(name, text) ? "failed\n" : "ok\n");
	else if (sscanf(line, "get %31[a-z0-9]", name) == 1)
		get(client, name);
	else
		dprintf(client, "what?\n");
	return 1;
}

static int receive(int client, void *data, size_t len)
{
	return recv(client, data, len, MSG_WAITALL) == (ssize_t)len;
}

static int serve(int client)
{
	static char request[REQUEST_MAX];
	uint32_t len;
	int more = 1;

	while (more && receive(client, &len, sizeof(len)) && len <= sizeof(request) && receive(client, request, len))
		more = answer(client, request, len);
	close(client);
	return more;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET, SOCK_STREAM, 0), client, one = 1;

	if (argc != 3 || chdir(argv[2]))
		errx(2, "usage: victim PORT FOLDER");
	address.sin_port = htons(atoi(argv[1]));
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) || listen(server, 5))
		err(1, "port %s", argv[1]);
	do {
		client = accept(server, NULL, NULL);
		if (client < 0)
			err(1, "accept");
	} while (serve(client));
	return 0;
}
