/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc tells of a process.
 */
#ifndef UTIL_PROCESS_H
#define UTIL_PROCESS_H

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "util/cleanup.h"

/*
 * When a process or thread began, in clock ticks since the machine did: the same
 * number another time is another time's process when this differs. See proc(5),
 * /proc/pid/stat, field 22. -ESRCH when there is none.
 */
static inline int process_start(pid_t tid, uint64_t *ret_ticks)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[32], text[1024], *rest;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "re");
	if (!file)
		return -ESRCH;
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	/* Its name, in parentheses, may hold any of them. */
	rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
		   ret_ticks) != 1)
		return -ESRCH;
	return 0;
}

#endif
