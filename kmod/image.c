// SPDX-License-Identifier: GPL-2.0-only
#include "image.h"

#include <linux/ktime.h>
#include <linux/slab.h>
#include <asm/tlbflush.h>

#include "arena.h"
#include "aside.h"
#include "commit.h"
#include "compat/symbols.h"
#include "leaf.h"
#include "link.h"
#include "member.h"
#include "pin.h"
#include "retire.h"
#include "set.h"
#include "site.h"
#include "stub.h"
#include "textpage.h"
#include "threads.h"
#include "view.h"

LIST_HEAD(kview_images);
static u32 last_id;

static struct kview_site *get_site(struct kview_image *image, const struct kview_place *place)
{
	struct kview_site *site = xa_load(&image->sites, kview_site_index(place->addr));

	if (site)
		return site;
	site = kview_site_new(place);
	if (!site)
		return NULL;
	if (xa_insert(&image->sites, kview_site_index(place->addr), site, GFP_KERNEL)) {
		kview_site_free(site);
		return NULL;
	}
	return site;
}

struct kview_threads *kview_image_threads(const struct kview_image *image, const struct kview_view *view)
{
	u32 i;

	for (i = 0; i < image->count; i++) {
		if (image->views[i] == view)
			return image->threads[i];
	}
	return NULL;
}

static int add_hook(struct kview_image *image, struct kview_hook *hook)
{
	struct kview_place place;
	struct kview_site *site;
	u32 i;
	int err;

	for (i = 0; kview_hook_place(hook, i, &place); i++) {
		site = get_site(image, &place);
		if (!site)
			return -ENOMEM;
		/* Marked first: a site that fails below is swept by the next commit. */
		err = kview_commit_touch(image, site);
		if (!err)
			err = kview_site_add(site, hook, kview_image_threads(image, hook->link->view));
		if (err)
			return err;
	}
	return 0;
}

static int add_link(struct kview_image *image, struct kview_link *link)
{
	u32 i;
	int err;

	for (i = 0; i < link->count; i++) {
		err = add_hook(image, &link->hooks[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Take the link's hooks off all sites; those that had one are marked. */
static void remove_link(struct kview_image *image, struct kview_link *link)
{
	struct kview_place place;
	struct kview_site *site;
	u32 i, j;

	for (i = 0; i < link->count; i++) {
		for (j = 0; kview_hook_place(&link->hooks[i], j, &place); j++) {
			site = xa_load(&image->sites, kview_site_index(place.addr));
			if (!site)
				continue;
			kview_site_remove(site, link);
			/* Cannot fail where the page record exists; where it does not, nothing was published. */
			kview_commit_touch(image, site);
		}
	}
}

static int add_pin(struct kview_image *image, enum kview_pin_id id)
{
	struct kview_place place = {
		.addr = kview_pin(id)->site,
		.kind = KVIEW_PLACE_ENTRY,
		.size = KVIEW_SITE_SIZE,
	};
	struct kview_site *site = get_site(image, &place);

	if (!site)
		return -ENOMEM;
	site->pinned = true;
	return kview_commit_touch(image, site);
}

static bool follows(const struct kview_image *image)
{
	u32 i;

	for (i = 0; i < image->count; i++) {
		if (image->views[i]->follows)
			return true;
	}
	return false;
}

static int add_pins(struct kview_image *image)
{
	enum kview_pin_id id;
	int err = 0;

	for (id = 0; id < KVIEW_PINS && !err; id++) {
		if (id != KVIEW_PIN_FORK || follows(image))
			err = add_pin(image, id);
	}
	return err;
}

static int populate(struct kview_image *image)
{
	struct kview_link *link;
	int err = add_pins(image);
	u32 i;

	for (i = 0; !err && i < image->count; i++) {
		list_for_each_entry(link, &image->views[i]->links, node) {
			err = add_link(image, link);
			if (err)
				break;
		}
	}
	return err ?: kview_commit(image);
}

static struct kview_image *alloc_image(const struct kview_set *set)
{
	size_t entry = sizeof(*set->views) + sizeof(*set->threads);
	struct kview_image *image = kzalloc(sizeof(*image) + set->count * entry, GFP_KERNEL);
	u32 i;

	if (!image)
		return NULL;
	INIT_LIST_HEAD(&image->members);
	xa_init(&image->sites);
	xa_init(&image->pages);
	image->id = ++last_id;
	image->count = set->count;
	image->threads = (struct kview_threads **)&image->views[set->count];
	for (i = 0; i < set->count; i++) {
		image->views[i] = set->views[i];
		image->threads[i] = kview_threads_get(kview_set_only(set, i));
	}
	list_add_tail(&image->node, &kview_images);
	return image;
}

static int new_image(const struct kview_set *set, struct kview_image **ret_image)
{
	struct kview_image *image = alloc_image(set);
	int err;

	if (!image)
		return -ENOMEM;
	err = kview_pagetable_init(&image->table);
	if (!err)
		err = populate(image);
	if (err) {
		kview_image_release(image);
		return err;
	}
	*ret_image = image;
	return 0;
}

static bool is_image_of(const struct kview_image *image, const struct kview_set *set)
{
	u32 i;

	for (i = 0; i < image->count && i < set->count; i++) {
		if (image->views[i] != set->views[i] || image->threads[i] != kview_set_only(set, i))
			return false;
	}
	return image->count == set->count;
}

int kview_image_get(const struct kview_set *set, struct kview_image **ret_image)
{
	struct kview_image *image;

	lockdep_assert_held(&kview_lock);
	list_for_each_entry(image, &kview_images, node) {
		if (is_image_of(image, set)) {
			*ret_image = image;
			return 0;
		}
	}
	return new_image(set, ret_image);
}

static void free_pages_of(struct kview_image *image)
{
	struct kview_textpage *page;
	unsigned long index;

	guard(mutex)(kview_symbols.text_mutex);
	xa_for_each(&image->pages, index, page) {
		if (!hlist_unhashed(&page->node)) {
			kview_textpage_remove(page);
			kview_leaf_put(page->addr);
		}
		kview_arena_free_locked(page->copy, PAGE_SIZE);
		kview_arena_free_locked(page->next, PAGE_SIZE);
		kview_textpage_free(page);
	}
}

void kview_image_release(struct kview_image *image)
{
	struct kview_site *site;
	unsigned long index;
	u32 i;

	if (!image || !list_empty(&image->members))
		return;
	/* The last member left with a flush: nobody maps any of it. */
	free_pages_of(image);
	xa_for_each(&image->sites, index, site)
		kview_site_free(site);
	xa_destroy(&image->sites);
	xa_destroy(&image->pages);
	kview_pagetable_deinit(&image->table);
	for (i = 0; i < image->count; i++)
		kview_threads_put(image->threads[i]);
	list_del(&image->node);
	kfree(image);
}

bool kview_image_has(const struct kview_image *image, const struct kview_view *view)
{
	u32 i;

	for (i = 0; i < image->count; i++) {
		if (image->views[i] == view)
			return true;
	}
	return false;
}

static void flush_mm(struct mm_struct *mm)
{
	/* "freed tables" makes it reach CPUs that hold the address space lazily in an idle or kernel thread. */
	kview_call(flush_tlb_mm_range)(mm, 0, TLB_FLUSH_ALL, 0, true);
}

void kview_image_show(struct mm_struct *mm, const struct kview_image *image)
{
	/*
	 * Through the neutral tables: same addresses in other page sizes. A translation may change its size or its
	 * address between two flushes, but not both ("ITLB multihit" machine checks).
	 */
	kview_pagetable_install(mm, kview_member_neutral());
	flush_mm(mm);
	kview_pagetable_install(mm, image ? &image->table : NULL);
	flush_mm(mm);
}

/* Split in @table what is split in @other. Returns 1 if anything was, 0 if nothing had to be. */
static int split_alike(struct kview_pagetable *table, const struct kview_pagetable *other)
{
	unsigned long base = ALIGN_DOWN(kview_symbols._stext, PUD_SIZE);
	int i, err, changed = 0;

	for (i = 0; i < KVIEW_REGIONS; i++) {
		if (!other->pte[i] || table->pte[i])
			continue;
		err = kview_pagetable_split(table, base + i * PMD_SIZE);
		if (err)
			return err;
		changed = 1;
	}
	return changed;
}

int kview_image_switch(struct mm_struct *mm, struct kview_image *from, struct kview_image *to)
{
	int err;

	/* Where both tables have the same page sizes, only addresses change: see kview_image_show(). */
	err = split_alike(&from->table, &to->table);
	if (err)
		kview_image_flush(from);
	if (err < 0)
		return err;
	err = split_alike(&to->table, &from->table);
	if (err)
		kview_image_flush(to);
	if (err < 0)
		return err;
	kview_pagetable_install(mm, &to->table);
	flush_mm(mm);
	return 0;
}

void kview_image_count_window(const struct kview_image *image, u64 since)
{
	u64 ns = ktime_get_ns() - since;
	u32 i;

	for (i = 0; i < image->count; i++) {
		image->views[i]->aside_count++;
		image->views[i]->aside_ns += ns;
	}
}

void kview_image_flush(const struct kview_image *image)
{
	struct kview_mm *member;

	list_for_each_entry(member, &image->members, node)
		flush_mm(member->mm);
}

bool kview_images_touch(unsigned long ip)
{
	struct kview_textpage *page;
	struct kview_site *site;
	bool any = false;

	lockdep_assert_held(kview_symbols.text_mutex);
	kview_textpage_for_each(page, ip) {
		site = xa_load(&page->image->sites, kview_site_index(ip));
		if (!site || !site->stub)
			continue;
		kview_commit_touch(page->image, site); /* needs no memory where the page has its record */
		any = true;
	}
	return any;
}

/* Publish a removal. Short of memory the pages go aside, which needs none, and a worker tries again. */
static void commit_removal(struct kview_image *image)
{
	if (kview_commit(image))
		kview_image_give_up(image);
}

static void remove_links(struct kview_image *image, struct list_head *links)
{
	struct kview_link *link;

	list_for_each_entry(link, links, node)
		remove_link(image, link);
	commit_removal(image);
}

static int attach_all(struct kview_image *image, struct list_head *links)
{
	struct kview_link *link;
	int err = 0;

	list_for_each_entry(link, links, node) {
		err = add_link(image, link);
		if (err)
			break;
	}
	if (!err)
		err = kview_commit(image);
	if (err)
		remove_links(image, links);
	return err;
}

u32 kview_image_why(int err)
{
	switch (err) {
	case -E2BIG:
		return KVIEW_WHY_TOO_MANY_PROGRAMS;
	case -EBUSY:
		return KVIEW_WHY_TEXT_BUSY;
	default:
		return KVIEW_WHY_NONE;
	}
}

int kview_image_attach(struct kview_view *view, struct list_head *links)
{
	struct kview_image *image;
	int err;

	lockdep_assert_held(&kview_lock);
	list_for_each_entry(image, &kview_images, node) {
		if (!kview_image_has(image, view))
			continue;
		err = attach_all(image, links);
		if (!err)
			continue;
		list_for_each_entry_continue_reverse(image, &kview_images, node) {
			if (kview_image_has(image, view))
				remove_links(image, links);
		}
		return err;
	}
	return 0;
}

void kview_image_detach(struct kview_link *link)
{
	struct kview_image *image;

	lockdep_assert_held(&kview_lock);
	list_for_each_entry(image, &kview_images, node) {
		if (!kview_image_has(image, link->view))
			continue;
		remove_link(image, link);
		commit_removal(image);
	}
}

int kview_image_follow(struct kview_view *view)
{
	struct kview_image *image;
	int err;

	lockdep_assert_held(&kview_lock);
	if (view->follows)
		return 0;
	list_for_each_entry(image, &kview_images, node) {
		if (!kview_image_has(image, view))
			continue;
		err = add_pin(image, KVIEW_PIN_FORK) ?: kview_commit(image);
		if (err)
			return err;
	}
	view->follows = true;
	return 0;
}

void kview_image_totals(const struct kview_view *view, struct kview_image_totals *ret_totals)
{
	struct kview_image_totals sum = {};
	struct kview_textpage *page;
	struct kview_image *image;
	unsigned long index;

	lockdep_assert_held(&kview_lock);
	list_for_each_entry(image, &kview_images, node) {
		if (view && !kview_image_has(image, view))
			continue;
		sum.images++;
		sum.text_pages += image->text_pages;
		sum.table_pages += image->table.pages;
		xa_for_each(&image->pages, index, page)
			sum.aside += page->aside;
		sum.bytes += sizeof(*image) + image->stub_bytes +
			     (image->text_pages + image->table.pages) * PAGE_SIZE +
			     image->text_pages * sizeof(struct kview_textpage) +
			     list_count_nodes(&image->members) * kview_member_bytes(image->count);
	}
	*ret_totals = sum;
}

int kview_image_init(void)
{
	return kview_textpage_init();
}

void kview_image_exit(void)
{
	kview_aside_exit();
	kview_textpage_exit();
}
