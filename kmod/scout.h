/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scouts: processes that are about to make a child in a cgroup of some view, by clone3() with CLONE_INTO_CGROUP.
 *
 * The kernel tells nobody of such a child, and hooking every fork of the machine for it is what views avoid. But it asks
 * first whether the cgroup may be entered. There the parent is given an image without any program, in which the child's
 * start is seen like that of any followed child; it loses the image when its system call returns.
 */
#ifndef KVIEW_SCOUT_H
#define KVIEW_SCOUT_H

struct cgroup;

/* Have @on_clone called in every task that is about to clone into a cgroup: under cgroup_mutex, may sleep. One user at a time. */
int kview_scout_watch(void (*on_clone)(struct cgroup *to));
void kview_scout_unwatch(void);

/* Let the current task scout, and end that. Under kview_lock. */
int kview_scout_begin(void);
void kview_scout_end(void);

/* After kview_scout_unwatch(): wait until nobody is inside. */
void kview_scout_drain(void);

#endif
