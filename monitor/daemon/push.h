/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics are sent to a server, unasked. Another process, kview-push, speaks with it: a server that is slow, or gone,
 * holds nobody up, and who reads its answers has no privileges.
 */
#ifndef KVIEW_MONITOR_PUSH_H
#define KVIEW_MONITOR_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "monitor/push/protocol.h"
#include "util/cleanup.h"

struct metrics;
struct monitor_push_config;
struct push;

/*
 * Begin; what is sent, dropped and so on is counted in @metrics. @program: the path of kview-push; NULL: where it was
 * built or installed, from this program on. -ENOENT: it is not there; -ENOMEM...
 */
int push_open(enum push_kind kind, const struct monitor_push_config *config, struct metrics *metrics,
	      const char *program, struct push **ret_push);

/* Whether it does what @config asks for. */
bool push_is_for(const struct push *push, const struct monitor_push_config *config);

/* What is not sent yet has as long as one request may take; so long this may last. */
void push_close(struct push *push);
DEFINE_CLEANUP(struct push *, push_close)

/* Whether it is time, by CLOCK_MONOTONIC in ns. */
bool push_is_due(const struct push *push, uint64_t now);

/* Hand over all metrics as they are. What cannot be handed over is dropped, counted, and told. */
void push_send(struct push *push, uint64_t now);

/* Bring its own metrics up to date. */
void push_look(struct push *push);

#endif /* KVIEW_MONITOR_PUSH_H */
