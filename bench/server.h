/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real servers, Debian's, with a connection of our own to each and the load their own tools make. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stdint.h>
#include <sys/types.h>

struct server;

enum server_kind {
	SERVER_MEMCACHED,
	SERVER_REDIS,
	SERVER_KINDS,
};

enum request {
	REQUEST_GET,
	REQUEST_SET,
	REQUESTS,
};

/* What a load tool did. */
struct load {
	double per_second;     /* requests, by the tool's account */
	uint64_t requests;     /* by the server's */
	uint64_t server_insns; /* of the server's process */
};

/* "memcached", "get", and the tool's name */
const char *server_name(enum server_kind kind);
const char *server_tool(enum server_kind kind);
const char *request_name(enum request request);

/* -ENOENT: not installed. -ETIMEDOUT: it does not answer. */
int server_start(enum server_kind kind, unsigned int port, struct server **ret_server);
void server_stop(struct server *server);

pid_t server_pid(const struct server *server);

/* Processor time of the server's process so far: under -icount, instructions. */
uint64_t server_insns(const struct server *server);

/* Send one request and wait for the whole answer. -EPROTO: it is not what it must be. */
int server_exchange(struct server *server, enum request request);

/* Let the server's own tool make about @requests requests, over several connections. */
int server_load(struct server *server, unsigned int requests, struct load *ret_load);

#endif
