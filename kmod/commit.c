// SPDX-License-Identifier: GPL-2.0-only
#include "commit.h"

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "arena.h"
#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "image.h"
#include "leaf.h"
#include "member.h"
#include "retire.h"
#include "site.h"
#include "stub.h"
#include "textpage.h"
#include "view.h"

/*
 * A commit of thousands of pages lets others run in between: all of it may sleep, and nobody sees half of it before the
 * switch.
 */

/* Memory a commit needs while it holds text_mutex: asked for before. */
struct scratch {
	void *buffer;		   /* a page or a stub being built */
	struct kview_site **sites; /* live ones of the page being built */
	bool split;		  /* a region got 4 KiB entries in tables members may already use */
};

unsigned long kview_site_index(unsigned long addr)
{
	return addr - (kview_symbols._stext & PAGE_MASK);
}

unsigned long kview_page_index(unsigned long addr)
{
	return kview_site_index(addr) >> PAGE_SHIFT;
}

static struct kview_textpage *page_of(struct kview_image *image, unsigned long addr)
{
	return xa_load(&image->pages, kview_page_index(addr));
}

static int add_page(struct kview_image *image, unsigned long addr)
{
	struct kview_textpage *page = kview_textpage_new(image, addr);
	int err;

	if (!page)
		return -ENOMEM;
	err = xa_insert(&image->pages, kview_page_index(addr), page, GFP_KERNEL);
	if (err)
		kview_textpage_free(page);
	return err;
}

int kview_commit_touch(struct kview_image *image, struct kview_site *site)
{
	int err = page_of(image, site->place.addr) ? 0 : add_page(image, site->place.addr);

	if (err)
		return err;
	xa_set_mark(&image->sites, kview_site_index(site->place.addr), KVIEW_DIRTY);
	xa_set_mark(&image->pages, kview_page_index(site->place.addr), KVIEW_DIRTY);
	return 0;
}

#define for_each_site_on(image, page, index, site)                                                                     \
	xa_for_each_range(&(image)->sites, index, site, kview_site_index((page)->addr),                                \
			  kview_site_index((page)->addr) + PAGE_SIZE - 1)

/* Whatever was set aside may have to chain to something new: rebuild all of the page. */
static void touch_aside(struct kview_image *image)
{
	struct kview_textpage *page;
	struct kview_site *site;
	unsigned long index, at;

	xa_for_each(&image->pages, index, page) {
		if (!page->aside)
			continue;
		xa_set_mark(&image->pages, index, KVIEW_DIRTY);
		for_each_site_on(image, page, at, site)
			xa_set_mark(&image->sites, at, KVIEW_DIRTY);
	}
}

static bool has_live_site(struct kview_image *image, struct kview_textpage *page)
{
	struct kview_site *site;
	unsigned long at;

	for_each_site_on(image, page, at, site) {
		if (kview_site_live(site))
			return true;
	}
	return false;
}

static int prepare_page(struct kview_image *image, struct kview_textpage *page, struct scratch *scratch)
{
	bool split = kview_pagetable_is_split(&image->table, page->addr);
	int err;

	page->live = has_live_site(image, page);
	if (!page->live) {
		/* A commit that failed may have left it one. */
		kview_arena_free(page->next, PAGE_SIZE);
		page->next = NULL;
		return 0;
	}
	page->next = page->next ?: kview_arena_alloc(PAGE_SIZE);
	if (!page->next)
		return -ENOMEM;
	if (split)
		return 0;
	err = kview_pagetable_split(kview_member_neutral(), page->addr);
	if (!err)
		err = kview_pagetable_split(&image->table, page->addr);
	scratch->split = true;
	return err;
}

static int prepare(struct kview_image *image, struct scratch *scratch)
{
	struct kview_textpage *page;
	struct kview_site *site;
	unsigned long index;
	int err;

	xa_for_each_marked(&image->sites, index, site, KVIEW_DIRTY) {
		err = kview_site_prepare(site);
		if (err)
			return err;
		cond_resched();
	}
	xa_for_each_marked(&image->pages, index, page, KVIEW_DIRTY) {
		err = prepare_page(image, page, scratch);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int emit_sites(struct kview_image *image, void *buffer)
{
	struct kview_site *site;
	unsigned long index;
	int err;

	xa_for_each_marked(&image->sites, index, site, KVIEW_DIRTY) {
		err = site->next ? kview_site_emit(site, buffer) : 0;
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static void build_page(struct kview_image *image, struct kview_textpage *page, struct scratch *scratch)
{
	struct kview_site *site;
	unsigned long at;
	u32 count = 0;

	for_each_site_on(image, page, at, site) {
		if (kview_site_live(site))
			scratch->sites[count++] = site;
	}
	kview_textpage_build(page, scratch->sites, count, scratch->buffer);
}

/* Returns whether all TLBs must be flushed, because the shared mapping was global until now. */
static bool build_pages(struct kview_image *image, struct scratch *scratch)
{
	struct kview_textpage *page;
	unsigned long index;
	bool global = false;

	xa_for_each_marked(&image->pages, index, page, KVIEW_DIRTY) {
		if (!page->live)
			continue;
		cond_resched();
		build_page(image, page, scratch);
		if (page->copy)
			continue;
		kview_textpage_insert(page);
		global |= kview_leaf_get(page->addr);
		image->text_pages++;
	}
	return global;
}

static void end_aside(struct kview_image *image, struct kview_textpage *page)
{
	u64 ns = ktime_get_ns() - page->aside_since;
	struct kview_site *site;
	unsigned long at;
	u32 i;

	page->aside = false;
	for (i = 0; i < image->count; i++) {
		bool hooked = false;

		for_each_site_on(image, page, at, site)
			hooked |= kview_site_has(site, image->views[i]);
		if (!hooked)
			continue;
		image->views[i]->aside_count++;
		image->views[i]->aside_ns += ns;
	}
}

/* Point of no return: members go from the old copies to the new ones. Returned copies are freed after the flush. */
static void switch_pages(struct kview_image *image)
{
	struct kview_textpage *page;
	unsigned long index;

	xa_for_each_marked(&image->pages, index, page, KVIEW_DIRTY) {
		if (page->live || page->copy)
			kview_pagetable_set(&image->table, page->addr, page->live ? page->next : NULL);
		if (page->aside)
			end_aside(image, page);
		swap(page->copy, page->next);
	}
}

static void drop_page(struct kview_image *image, struct kview_textpage *page, unsigned long index)
{
	xa_erase(&image->pages, index);
	if (!hlist_unhashed(&page->node)) {
		kview_textpage_remove(page);
		kview_leaf_put(page->addr);
		image->text_pages--;
	}
	kview_textpage_free(page);
}

/* After the flush: what was mapped before is free. */
static void finish_pages(struct kview_image *image)
{
	struct kview_textpage *page;
	unsigned long index;

	xa_for_each_marked(&image->pages, index, page, KVIEW_DIRTY) {
		kview_arena_free_locked(page->next, PAGE_SIZE);
		page->next = NULL;
		xa_clear_mark(&image->pages, index, KVIEW_DIRTY);
		if (!page->live)
			drop_page(image, page, index);
		cond_resched();
	}
}

static void finish_sites(struct kview_image *image)
{
	struct kview_site *site;
	unsigned long index;

	xa_for_each_marked(&image->sites, index, site, KVIEW_DIRTY) {
		image->stub_bytes += site->next ? site->next->size : 0;
		image->stub_bytes -= site->stub ? site->stub->size : 0;
		kview_site_publish(site);
		xa_clear_mark(&image->sites, index, KVIEW_DIRTY);
		cond_resched();
		if (kview_site_live(site))
			continue;
		xa_erase(&image->sites, index);
		kview_site_free(site);
	}
}

/* Under text_mutex, so that the shared text stands still from the first read to the last switch. */
static int publish(struct kview_image *image, struct scratch *scratch)
{
	int err;

	guard(mutex)(kview_symbols.text_mutex);
	err = emit_sites(image, scratch->buffer);
	if (err)
		return err;
	if (build_pages(image, scratch))
		kview_call(flush_tlb_all)();
	else if (scratch->split)
		kview_image_flush(image);
	switch_pages(image);
	kview_image_flush(image);
	finish_pages(image);
	finish_sites(image);
	return 0;
}

static size_t buffer_size(struct kview_image *image)
{
	struct kview_site *site;
	unsigned long index;
	size_t size = PAGE_SIZE;

	xa_for_each_marked(&image->sites, index, site, KVIEW_DIRTY)
		size = max(size, site->next ? site->next->size : 0);
	return size;
}

static int prepare_and_publish(struct kview_image *image, struct scratch *scratch)
{
	void *buffer __free(kview_kvfree) = NULL;
	int err = prepare(image, scratch);

	if (!err) {
		buffer = kvmalloc(buffer_size(image), GFP_KERNEL);
		scratch->buffer = buffer;
		err = buffer ? publish(image, scratch) : -ENOMEM;
	}
	/* What was split stays so; the next commit must find the TLBs knowing it. */
	if (err && scratch->split)
		kview_image_flush(image);
	return err;
}

int kview_commit(struct kview_image *image)
{
	struct kview_site **sites __free(kview_kvfree) = kvmalloc_array(PAGE_SIZE / KVIEW_PLACE_MIN, sizeof(*sites),
									GFP_KERNEL);
	struct scratch scratch = { .sites = sites };

	lockdep_assert_held(&kview_lock);
	if (!sites)
		return -ENOMEM;
	touch_aside(image);
	return prepare_and_publish(image, &scratch);
}
