/* SPDX-License-Identifier: GPL-2.0-only */
/* The crowd: the processes that join and leave views as their cgroups say. */
#ifndef KVIEW_CROWD_H
#define KVIEW_CROWD_H

#include <linux/types.h>

struct kview_crowd_outcome {
	u32 joined;
	bool busy;	/* somebody was in the middle of an exec, or of a fault */
	bool no_memory; /* ... and for somebody there was none */
};

/*
 * Let everybody join who is in a view's cgroup and not yet a member for it, as far as they could be met. Takes each one's
 * cred_guard_mutex, and kview_lock inside.
 */
void kview_crowd_join(struct kview_crowd_outcome *outcome);

/* Let everybody leave who is in none any more. Under kview_lock. */
void kview_crowd_leave(void);

#endif
