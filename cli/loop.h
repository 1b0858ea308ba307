/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wait for several descriptors at once and call what belongs to the one that is ready. */
#ifndef KVIEW_CLI_LOOP_H
#define KVIEW_CLI_LOOP_H

#include "util/cleanup.h"

struct loop;

/* Called when a descriptor is readable. 0: go on; LOOP_DONE: stop watching it; negative errno: end the loop with it. */
typedef int (*loop_fn)(void *data);
#define LOOP_DONE 1

int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free)

/* Watch @fd, which stays the caller's and must stay open until the loop has ended. */
int loop_add(struct loop *loop, int fd, loop_fn fn, void *data);

/* Run until loop_end() or an error. */
int loop_run(struct loop *loop);

/* Called from a loop_fn: let loop_run() return 0. */
void loop_end(struct loop *loop);

#endif /* KVIEW_CLI_LOOP_H */
