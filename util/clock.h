/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clocks show, as a number. */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ULL

/* Nanoseconds since whatever @clock counts from; 0: there is no such clock, or none any more. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec time = {};

	clock_gettime(clock, &time);
	return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

#endif /* UTIL_CLOCK_H */
