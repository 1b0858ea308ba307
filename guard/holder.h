/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process of its own that lets stopped processes go on when their time is over, and all of them when the guard ends,
 * however that ends: the guard's death closes the pipe it waits for.
 */
#ifndef GUARD_HOLDER_H
#define GUARD_HOLDER_H

#include <stdint.h>

#include "guard/memory.h"
#include "guard/guard_record.h"

struct guard_holder;

/* Over the map @held_fd of guard.bpf.c; @settings are shared with the kernel. Before anything is attached. */
int guard_holder_start(int held_fd, struct guard_settings *settings, struct guard_holder **ret_holder);

/* Nobody is stopped any more when this returns. NULL is allowed. */
void guard_holder_stop(struct guard_holder *holder);

/* Let process @tgid go on now. -ENOENT: it was not stopped by us. */
int guard_holder_release(int held_fd, uint32_t tgid);

#endif /* GUARD_HOLDER_H */
