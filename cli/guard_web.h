/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page of a guard that serves: guard/page over HTTP, on this machine alone. The page asks by docs/guard-protocol.md.
 *
 * There are two keys (page/key.h), in files beside the socket: PATH.look, for the group kview, and PATH.act, for root,
 * whose owner may also change something.
 */
#ifndef KVIEW_CLI_GUARD_WEB_H
#define KVIEW_CLI_GUARD_WEB_H

#include "guard_state.h"
#include "util/cleanup.h"

#define GUARD_WEB_PORT 9466

struct guard_web;

/* At @port of 127.0.0.1; 0: any that is free. The keys are beside @socket. -EADDRINUSE. */
int guard_web_open(struct guard_state *state, uint16_t port, const char *socket, struct guard_web **ret_web);
void guard_web_close(struct guard_web *web);
DEFINE_CLEANUP(struct guard_web *, guard_web_close)

/* "http://127.0.0.1:9466/" */
const char *guard_web_address(const struct guard_web *web);

/* Becomes readable when guard_web_serve() has something to do; call it every second, too, for connections that idle. */
int guard_web_fd(const struct guard_web *web);
int guard_web_serve(struct guard_web *web);

#endif /* KVIEW_CLI_GUARD_WEB_H */
