/* SPDX-License-Identifier: GPL-2.0-only */
/* The views an address space sees, and why it sees each of them. */
#ifndef KVIEW_SET_H
#define KVIEW_SET_H

#include <linux/types.h>

struct kview_view;

struct kview_set {
	u32 count;
	u32 room;
	u8 *reasons;		    /* [@room], KVIEW_MEMBER_* */
	struct kview_view *views[]; /* [@room] by rising id, which is the key of an image */
};

/* An empty set; free it with kfree(). NULL: no memory. */
struct kview_set *kview_set_new(u32 room);

/* A copy of @set (NULL: of none) with room for one view more. */
struct kview_set *kview_set_copy(const struct kview_set *set);

/* Why @view is in @set (which may be NULL); 0: it is not. */
u8 kview_set_get(const struct kview_set *set, const struct kview_view *view);

/* 0 takes the view out. There has to be room for a view that is new. */
void kview_set_put(struct kview_set *set, struct kview_view *view, u8 reasons);

#endif
