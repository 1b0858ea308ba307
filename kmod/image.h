/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image: the private kernel text that one set of views makes, with the page tables that show it.
 *
 * All members with the same set of views share one image, so another member costs no page. A process in two views runs
 * on the image of both, in which a site's stub runs the programs of both: each program once, for its members only,
 * without any test at run time. But where threads see a view alone, its programs compare the current task with them, and the
 * image is that of their address space.
 *
 * Everything is guarded by kview_lock; what the CPU or a text patcher sees (stubs, copies, page-table entries) changes
 * under text_mutex on top. An image dies with its last member.
 */
#ifndef KVIEW_IMAGE_H
#define KVIEW_IMAGE_H

#include <linux/list.h>
#include <linux/xarray.h>

#include "pagetable.h"

struct kview_link;
struct kview_set;
struct kview_threads;
struct kview_view;

struct kview_image {
	struct list_head node; /* in the list of all images */
	struct list_head members;
	u32 id;
	struct kview_pagetable table;
	struct xarray sites; /* struct kview_site by offset in kernel text */
	struct xarray pages; /* struct kview_textpage by page number in kernel text */
	u32 text_pages;
	size_t stub_bytes;
	u32 count;
	struct kview_threads **threads; /* [@count] that alone see the view; NULL: all tasks do */
	struct kview_view *views[];	/* [@count] by rising id */
};

int kview_image_init(void);
void kview_image_exit(void);

/* The image for this set of views: an existing one or a new one without members. */
int kview_image_get(const struct kview_set *set, struct kview_image **ret_image);

/* Destroy @image if it has no member. NULL is allowed. */
void kview_image_release(struct kview_image *image);

/* Is @view one of the set? */
bool kview_image_has(const struct kview_image *image, const struct kview_view *view);

/* The threads that alone see @view there; NULL: all tasks do, or nobody. */
struct kview_threads *kview_image_threads(const struct kview_image *image, const struct kview_view *view);

/* The KVIEW_WHY_* of an errno that images refuse hooks or members with. */
u32 kview_image_why(int err);

/* Add the hooks of @links, all of @view, to all its images in one step, or to none. */
int kview_image_attach(struct kview_view *view, struct list_head *links);

/* Remove them. Cannot fail: short of memory, hooks on the same pages are set aside until it is there. */
void kview_image_detach(struct kview_link *link);

/* From now on watch forks in all images of @view. -ENOMEM, -EBUSY: tried again by the next call. */
int kview_image_follow(struct kview_view *view);

/*
 * Show @mm the tables of @image, or the shared ones with NULL, and wait until all CPUs do. Under text_mutex: while a
 * patcher is at work nobody's view changes.
 */
void kview_image_show(struct mm_struct *mm, const struct kview_image *image);

/*
 * Switch @mm from @from to @to without a moment at which it sees neither: a program in both sets of views loses no
 * event. -ENOMEM: then nothing has changed, and kview_image_show() is the way that needs no memory. Under text_mutex.
 */
int kview_image_switch(struct mm_struct *mm, struct kview_image *from, struct kview_image *to);

/* A member of @image has not seen it since @since (ktime_get_ns()) until now: its views lost what it did. */
void kview_image_count_window(const struct kview_image *image, u64 since);

/* Wait until no CPU uses what @image's tables said before they were changed. */
void kview_image_flush(const struct kview_image *image);

/* The shared site at @ip is about to change: mark it in all images that patch it. Returns whether any does. */
bool kview_images_touch(unsigned long ip);

/* Walk all images. */
extern struct list_head kview_images;

struct kview_image_totals {
	u32 images, text_pages, table_pages, aside;
	size_t bytes;
};

/* Sum over the images @view takes part in, or over all with NULL. */
void kview_image_totals(const struct kview_view *view, struct kview_image_totals *ret_totals);

#endif
