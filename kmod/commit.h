/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making an image true to its sites: new stubs for the sites that changed, new copies of their pages, one switch.
 *
 * A mapped copy is never edited. A changed page is built beside the old one, and the page-table entry goes from one to
 * the other; after one flush the old copy is free. So there is no moment at which a half-written instruction can run,
 * and no breakpoint dance.
 */
#ifndef KVIEW_COMMIT_H
#define KVIEW_COMMIT_H

#include <linux/xarray.h>

struct kview_image;
struct kview_site;
struct kview_textpage;

#define KVIEW_DIRTY XA_MARK_0 /* on sites and pages of an image: to be rebuilt */

/* Mark a site, and with it its page, as changed. The page record exists already or is made; -ENOMEM. */
int kview_commit_touch(struct kview_image *image, struct kview_site *site);

/*
 * Rebuild all that is marked. All or nothing: on failure what members see has not changed, marks stay.
 * -ENOMEM, -E2BIG, -EBUSY (unknown code at a site). Under kview_lock; takes text_mutex.
 */
int kview_commit(struct kview_image *image);

/* First and last index of @image->sites in the page at @addr. */
unsigned long kview_site_index(unsigned long addr);
unsigned long kview_page_index(unsigned long addr);

#endif
