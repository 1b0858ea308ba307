/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view: the links that some processes, its members, see. Lives as long as its file.
 */
#ifndef KVIEW_VIEW_H
#define KVIEW_VIEW_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <kview.h>

struct kview_link;

struct kview_view {
	struct list_head node; /* in kview_views, by rising id */
	u32 id;
	struct pid *owner;	/* thread group that created it */
	struct list_head links; /* by rising id */
	struct list_head held;	/* links that are not started yet */
	struct list_head cgroups; /* struct kview_cgroup_ref */
	int cgroup_err;		  /* why the last process that should have joined for its cgroup did not */
	u64 aside_count;
	u64 aside_ns;
	u64 joined; /* processes that became members */
	u64 lost;   /* processes that should have, and for which there was no memory */
	bool follows; /* has, or had, members that are followed: its images watch forks */
	char name[KVIEW_NAME_LEN];
};

/*
 * Guards views, links, members and images. Taken inside ftrace_lock and exec's locks; text_mutex, mmap_lock (of a
 * process being added) and the arena's lock are taken inside it. Never held across a wait for RCU or for user memory.
 */
extern struct mutex kview_lock;
extern struct list_head kview_views;

int kview_view_new(const char *name, struct kview_view **ret_view);

/* Its file is closed: let all members go, detach all links. */
void kview_view_close(struct kview_view *view);

/* Attach @link, which has no view yet, and take over the caller's reference. One that is held waits for the start. */
int kview_view_attach(struct kview_view *view, struct kview_link *link);

/* Start all links that are held, or none. */
int kview_view_start(struct kview_view *view);

/* Detach @link from its view, if it still has one. */
void kview_view_detach(struct kview_link *link);

#endif
