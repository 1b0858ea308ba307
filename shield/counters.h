/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which counter is which rule's. Rules are known by their text, and go on counting when they come back; the counter of
 * the one that has been out of force for longest goes to a new one.
 */
#ifndef KVIEW_SHIELD_COUNTERS_H
#define KVIEW_SHIELD_COUNTERS_H

#include "config.h"

/* The counters of the rules of a configuration, in their order. */
struct shield_taken {
	__u32 counters[SHIELD_RULES];
	size_t count;
};

/* {} but for its function. */
struct shield_counters {
	struct {
		char *text;	     /* of the rule; NULL: nobody's yet */
		uint64_t generation; /* when it was in force last */
	} owners[SHIELD_COUNTERS];
	uint64_t generation;
	int (*reset)(void *data, __u32 counter); /* called with a counter that gets another rule: let it be 0 */
	void *data;
};

/*
 * A counter for each rule of @config, none of them of other rules that are @in_force. An error: some may have been given away
 * already.
 */
int shield_counters_take(struct shield_counters *counters, const struct shield_config *config,
			 const struct shield_taken *in_force, struct shield_taken *ret_taken);
void shield_counters_deinit(struct shield_counters *counters);

#endif /* KVIEW_SHIELD_COUNTERS_H */
