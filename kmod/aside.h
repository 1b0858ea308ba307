/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages aside: members see the shared page, and lose what happens there, until a worker or the next commit brings theirs back. */
#ifndef KVIEW_ASIDE_H
#define KVIEW_ASIDE_H

#include <linux/types.h>

struct kview_image;

/* Let all members see the shared page wherever something is marked, until the next commit. Under text_mutex. */
void kview_images_set_dirty_aside(void);

/*
 * Same for the pages whose patches lie in the @len bytes from @addr, in one page, and have them brought back soon. Under
 * text_mutex, without kview_lock.
 */
void kview_images_set_aside(unsigned long addr, size_t len);

/* Rebuild all that is marked or aside, on top of what now stands at the shared sites. */
void kview_images_restore(void);

/* Same, later, from a worker: for callers that hold locks. */
void kview_images_restore_later(void);

/*
 * Not even a rebuild of @image worked: better no events from its marked pages than stubs that jump to what is freed
 * meanwhile. Takes text_mutex.
 */
void kview_image_give_up(struct kview_image *image);

void kview_aside_exit(void);

#endif
