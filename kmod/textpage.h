/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A private copy of one 4 KiB page of kernel text, and the index of all copies by page.
 *
 * The index and everything a copy holds are guarded by text_mutex, the lock every patcher of kernel text holds: so a
 * patch that reaches the shared page reaches all copies before it is complete.
 */
#ifndef KVIEW_TEXTPAGE_H
#define KVIEW_TEXTPAGE_H

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/types.h>

struct kview_image;
struct kview_site;

struct kview_textpage {
	struct hlist_node node; /* in the index */
	struct kview_image *image;
	unsigned long addr;
	void *copy;	 /* in the arena, mapped for members; NULL: not yet */
	void *next;	 /* what the commit under way will map */
	bool aside;	 /* members see the shared page for now: somebody rewrites a function hooked in it */
	bool live;	 /* has patched sites */
	u64 aside_since; /* ktime_get_ns() */
	DECLARE_BITMAP(patched, PAGE_SIZE); /* bytes of @copy that differ from the shared page on purpose */
};

int kview_textpage_init(void);
void kview_textpage_exit(void);

/* A page of @image that is not in the index yet; NULL when out of memory. */
struct kview_textpage *kview_textpage_new(struct kview_image *image, unsigned long addr);
void kview_textpage_free(struct kview_textpage *page);

/* All of these: under text_mutex. */
void kview_textpage_insert(struct kview_textpage *page);
void kview_textpage_remove(struct kview_textpage *page);
bool kview_textpage_any(unsigned long addr);

/* Read the shared text, whatever view the caller runs in. */
void kview_textpage_read(unsigned long addr, void *to, size_t len);

/* Fill @page->next: a copy of the shared page with the patches of @sites[@count]. */
void kview_textpage_build(struct kview_textpage *page, struct kview_site *const *sites, u32 count, void *buffer);

/* Walk the copies of the page that holds @addr; @page is a struct kview_textpage *. */
#define kview_textpage_for_each(page, text_addr) hlist_for_each_entry(page, kview_textpage_bucket(text_addr), node)
struct hlist_head *kview_textpage_bucket(unsigned long addr);

/*
 * Does a copy that is mapped now differ on purpose from the shared page in the @len bytes from @addr? Only one of
 * @image, or any with NULL. The bytes lie in one page.
 */
bool kview_textpage_differs(const struct kview_image *image, unsigned long addr, size_t len);

/*
 * A patcher writes @len bytes to the shared text at @addr: do the same to all copies, but for the bytes of our own
 * patches. @fill: memset of @src's first byte instead of a copy. Returns whether bytes had to be left out.
 */
bool kview_textpage_mirror(unsigned long addr, const void *src, size_t len, bool fill);

#endif
