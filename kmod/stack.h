/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose stack still holds the frame of a stub that stays there while its function runs (kview_around()).
 *
 * A task may sleep in such a function for days, and may die there. So nobody counts who comes and goes: when a stub is to
 * be freed, the stacks of all tasks are searched for the one address its function can return to. A stub nobody can enter
 * any more loses frames but gains none, so a task that was seen without one stays without.
 *
 * A frame nobody waits for (all links closed) is released at once: its return address is replaced by that of a landing,
 * a few bytes of code that drop the frame and return to the caller.
 */
#ifndef KVIEW_STACK_H
#define KVIEW_STACK_H

#include <linux/types.h>

struct kview_frame {
	unsigned long resume; /* where the function would return to */
	bool release;	      /* put a landing there instead */
	bool found;	      /* out */
};

int kview_stack_init(void);

/*
 * Search the stacks of all tasks for @frames[@count], which get sorted by @resume. -EAGAIN: some task could not be looked
 * at. Sleeps.
 */
int kview_stack_search(struct kview_frame *frames, u32 count);

/* The landing is freed unless somebody still has to come by: then its page stays behind. */
void kview_stack_exit(void);

#endif
