/* SPDX-License-Identifier: GPL-2.0-or-later */
/* So many alarms and responses of a profile are told in a minute; the others are counted, and that is told. */
#ifndef KVIEW_CLI_GUARD_LIMIT_H
#define KVIEW_CLI_GUARD_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_LIMIT_PER_MINUTE 10
#define GUARD_LIMIT_MAX 100000 /* what may be asked for */

struct guard_limit_count {
	uint64_t since;		/* ns since boot: the minute began */
	uint32_t told, waiting; /* in this minute; not told, and neither that */
	uint64_t suppressed;	/* of all time */
};

struct guard_limit {
	uint32_t per_minute;		  /* 0: GUARD_LIMIT_PER_MINUTE */
	struct guard_limit_count *counts; /* by number of profile; [0]: new profiles together */
	uint32_t room;
	uint64_t suppressed; /* of all profiles */
};

void guard_limit_deinit(struct guard_limit *limit);

/* May something of profile @number be told @now (ns since boot)? If there is no memory to know, yes. */
bool guard_limit_take(struct guard_limit *limit, uint32_t number, uint64_t now);

/*
 * What of it has been suppressed at all; and since it was last asked in a minute that is over by @now, or, at the end,
 * UINT64_MAX.
 */
uint64_t guard_limit_suppressed(const struct guard_limit *limit, uint32_t number);
uint32_t guard_limit_take_suppressed(struct guard_limit *limit, uint32_t number, uint64_t now);

#endif /* KVIEW_CLI_GUARD_LIMIT_H */
