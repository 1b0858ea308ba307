/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A site: one patchable place in the text of one image, and the hooks of all its views that meet there.
 *
 * Guarded by kview_lock; @stub also by text_mutex.
 */
#ifndef KVIEW_SITE_H
#define KVIEW_SITE_H

#include "hook.h"
#include "place.h"

struct kview_stub;
struct kview_threads;
struct kview_view;

struct kview_site {
	struct kview_place place;
	struct kview_stub *stub; /* what the mapped copy calls; NULL: not patched */
	struct kview_stub *next; /* what the commit under way will make it call */
	bool pinned;		 /* patched even without hooks */
	u32 count;
	u32 room;
	struct kview_use *uses; /* [@count], in the order their links were made */
};

/* Does the site have to be patched? */
static inline bool kview_site_live(const struct kview_site *site)
{
	return site->pinned || site->count;
}

/* Does a program of @view run here? */
bool kview_site_has(const struct kview_site *site, const struct kview_view *view);

struct kview_site *kview_site_new(const struct kview_place *place);
void kview_site_free(struct kview_site *site);
/* @threads: for whom alone it runs, NULL for all; the image holds them. */
int kview_site_add(struct kview_site *site, struct kview_hook *hook, struct kview_threads *threads);
void kview_site_remove(struct kview_site *site, const struct kview_link *link);

/* Build @site->next for the hooks it has now; none if it needs no patch any more. */
int kview_site_prepare(struct kview_site *site);

/*
 * Under text_mutex: give @site->next its code, on top of what stands at the shared site. @buffer: scratch memory of
 * @site->next->size. -EBUSY: unknown code there.
 */
int kview_site_emit(struct kview_site *site, void *buffer);

/* Under text_mutex: write to @bytes[@place.size] what members see there after the commit under way. */
void kview_site_patch(const struct kview_site *site, u8 *bytes);

/* Make @next the stub; the old one goes when nobody can be inside it. */
void kview_site_publish(struct kview_site *site);

/* Forget @next. */
void kview_site_discard(struct kview_site *site);

#endif
