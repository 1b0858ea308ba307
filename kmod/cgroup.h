/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups of a view: all processes of a cgroup v2 subtree are its members.
 *
 * A process counts while the cgroup of its first thread is the directory or below it. Membership is a state that is made
 * true (crowd.h) when a process has been moved (migration.h). What members of the subtree fork or exec needs neither, see
 * inherit.c.
 */
#ifndef KVIEW_CGROUP_H
#define KVIEW_CGROUP_H

#include <linux/types.h>

struct cgroup;
struct kview_cgroup_info;
struct kview_set;
struct kview_view;
struct task_struct;

/* Add the cgroup of directory @fd to @view, and wait until its processes have joined. Writes a KVIEW_WHY_*. No lock held. */
int kview_cgroup_add(struct kview_view *view, int fd, u32 *why);
int kview_cgroup_remove(struct kview_view *view, int fd, u32 *why);

/* Remove all; the members have left. No lock held. */
void kview_cgroup_remove_all(struct kview_view *view);

/* Does @view want the process of @task for its cgroup? Under kview_lock. */
bool kview_cgroup_wants(const struct kview_view *view, struct task_struct *task);

/* Is @cgroup, or one above it, a cgroup of any view? Under kview_lock. */
bool kview_cgroup_covers(struct cgroup *cgroup);

/* Forget directories that have been removed; nobody is in them any more. Returns how many. Under kview_lock. */
u32 kview_cgroup_release_removed(void);

/* How many views have cgroups, at most. Under kview_lock. */
u32 kview_cgroup_views(void);

/* Put the views into @set that want the process of @task for its cgroup; there has to be room for them. Under kview_lock. */
void kview_cgroup_put(struct kview_set *set, struct task_struct *task);

/* The @index-th cgroup of @view, with a reference for cgroup_put(), or NULL. Under kview_lock. */
struct cgroup *kview_cgroup_get(const struct kview_view *view, u32 index);

/* Fill in what @info tells of @cgroup. Not under kview_lock. */
void kview_cgroup_describe(struct cgroup *cgroup, struct kview_cgroup_info *info);

#endif
