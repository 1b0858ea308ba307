/* SPDX-License-Identifier: GPL-2.0-only */
/* The views an address space sees, why it sees each of them, and with which of its threads. */
#ifndef KVIEW_SET_H
#define KVIEW_SET_H

#include <linux/types.h>

struct kview_threads;
struct kview_view;

struct kview_set {
	u32 count;
	u32 room;
	u8 *reasons;		       /* [@room], KVIEW_MEMBER_* */
	struct kview_threads **threads; /* [@room], with KVIEW_MEMBER_THREAD; else NULL */
	struct kview_view *views[];    /* [@room] by rising id, which is the key of an image */
};

/* An empty set. NULL: no memory. */
struct kview_set *kview_set_new(u32 room);

/* A copy of @set (NULL: of none) with room for @more views. */
struct kview_set *kview_set_copy(const struct kview_set *set, u32 more);

/* NULL is allowed. */
void kview_set_free(struct kview_set *set);

/* Why @view is in @set (which may be NULL); 0: it is not. */
u8 kview_set_get(const struct kview_set *set, const struct kview_view *view);

/* The threads that see @view, or NULL. */
struct kview_threads *kview_set_threads(const struct kview_set *set, const struct kview_view *view);

/* 0 takes the view out. There has to be room for a view that is new. Without KVIEW_MEMBER_THREAD its threads go. */
void kview_set_put(struct kview_set *set, struct kview_view *view, u8 reasons);

/* @view is seen by @threads, too (NULL: by none any more), whose reference it takes over. */
void kview_set_put_threads(struct kview_set *set, struct kview_view *view, struct kview_threads *threads);

/* The threads that alone see the @index-th view; NULL where all do. */
struct kview_threads *kview_set_only(const struct kview_set *set, u32 index);

#endif
