/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mapped where in a process, by /proc/PID/maps. */
#ifndef KVIEW_MONITOR_REGIONS_H
#define KVIEW_MONITOR_REGIONS_H

#include <stdint.h>

#include "util/cleanup.h"

struct region {
	uint64_t start, end, offset, inode;
	char *path;  /* as the process names it, without " (deleted)"; "[vdso]"; "" for anonymous memory */
	void *object; /* the caller's */
};

struct regions {
	struct region *list; /* sorted */
	size_t count;
};

/*
 * Parse one line. -ENOEXEC: nothing can be executed there; -EINVAL: no such line. @ret_region->path is the caller's
 * to free.
 */
int region_parse(const char *line, struct region *ret_region);

/*
 * Add a region, which is taken over. It replaces what it overlaps: what is mapped now is more likely meant than what
 * was. -ENOMEM: it was not taken.
 */
int regions_add(struct regions *regions, struct region *region);

const struct region *regions_find(const struct regions *regions, uint64_t addr);

/* The region that is the same mapping as @region. */
struct region *regions_same(const struct regions *regions, const struct region *region);

void regions_deinit(struct regions *regions);

#endif /* KVIEW_MONITOR_REGIONS_H */
