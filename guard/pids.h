/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which index belongs to a process id. */
#ifndef GUARD_PIDS_H
#define GUARD_PIDS_H

#include <stddef.h>
#include <stdint.h>

struct guard_pids {
	struct guard_pid {
		uint32_t pid, index; /* index + 1; 0: free */
	} * slots;
	size_t room, count;
};

#define GUARD_PIDS_NONE UINT32_MAX

/* The index of @pid; GUARD_PIDS_NONE: it has none. */
uint32_t guard_pids_find(const struct guard_pids *pids, uint32_t pid);

/* Set it. -ENOMEM. */
int guard_pids_set(struct guard_pids *pids, uint32_t pid, uint32_t index);

/* Forget all, and the memory. */
void guard_pids_deinit(struct guard_pids *pids);

#endif /* GUARD_PIDS_H */
