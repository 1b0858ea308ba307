/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of a guard that serves: requests and answers are lines of JSON, see docs/guard-protocol.md. Who may open
 * the socket may ask; only root may change something.
 */
#ifndef KVIEW_CLI_GUARD_SERVER_H
#define KVIEW_CLI_GUARD_SERVER_H

#include <jansson.h>
#include <stdbool.h>

#include "util/cleanup.h"

#define GUARD_PROTOCOL_VERSION 1
#define GUARD_PROTOCOL_REVISION 2 /* grows with what is added to that version */
#define GUARD_SOCKET "/run/kview-guard.sock"
#define GUARD_REQUEST_MAX (4 << 20) /* bytes of a line */

struct guard_server;

/* Who asks. */
struct guard_asker {
	char name[32]; /* "user 0" */
	bool may_change;
};

/* Answer @request, which asks for @what. A new reference; NULL: no memory. */
typedef json_t *(*guard_answer_fn)(void *data, const char *what, const json_t *request,
				   const struct guard_asker *asker);

/* Listen at @path, for root and the group kview. -EADDRINUSE: somebody answers there. */
int guard_server_open(const char *path, guard_answer_fn answer, void *data, struct guard_server **ret_server);
void guard_server_close(struct guard_server *server);
DEFINE_CLEANUP(struct guard_server *, guard_server_close)

/* Becomes readable when guard_server_serve() has something to do. */
int guard_server_fd(const struct guard_server *server);
int guard_server_serve(struct guard_server *server);

/* Send @event to all who follow; who cannot keep up misses some, and is told how many. */
void guard_server_tell(struct guard_server *server, const json_t *event);

/* An answer that refuses. */
json_t *guard_server_refusal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* KVIEW_CLI_GUARD_SERVER_H */
