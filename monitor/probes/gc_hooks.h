/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an executable or shared library has of a garbage collector that can be hooked. */
#ifndef KVIEW_MONITOR_GC_HOOKS_H
#define KVIEW_MONITOR_GC_HOOKS_H

#include <linux/types.h>
#include <stdint.h>

#include "gc_record.h"

struct gc_hooks {
	enum gc_runtime runtime;
	uint64_t offset; /* of V8's function in the file; 0: probes by name */
};

/* Look into the file in @fd, which stays the caller's and may be anybody's. -ENOENT: there is nothing. */
int gc_hooks_read(int fd, struct gc_hooks *ret_hooks);

#endif /* KVIEW_MONITOR_GC_HOOKS_H */
