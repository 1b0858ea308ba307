// SPDX-License-Identifier: GPL-2.0-only
#include "textpage.h"

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "arena.h"
#include "compat/symbols.h"
#include "site.h"

/* One bucket per page of kernel text: a few thousand, and the lookup is on the way of every text_poke(). */
static struct hlist_head *buckets;

static unsigned long page_number(unsigned long addr)
{
	return (addr - (kview_symbols._stext & PAGE_MASK)) >> PAGE_SHIFT;
}

int kview_textpage_init(void)
{
	buckets = kvcalloc(page_number(kview_symbols._etext - 1) + 1, sizeof(*buckets), GFP_KERNEL);
	return buckets ? 0 : -ENOMEM;
}

void kview_textpage_exit(void)
{
	kvfree(buckets);
}

struct hlist_head *kview_textpage_bucket(unsigned long addr)
{
	return &buckets[page_number(addr)];
}

struct kview_textpage *kview_textpage_new(struct kview_image *image, unsigned long addr)
{
	struct kview_textpage *page = kzalloc(sizeof(*page), GFP_KERNEL);

	if (!page)
		return NULL;
	page->image = image;
	page->addr = addr & PAGE_MASK;
	return page;
}

void kview_textpage_free(struct kview_textpage *page)
{
	kfree(page);
}

void kview_textpage_insert(struct kview_textpage *page)
{
	lockdep_assert_held(kview_symbols.text_mutex);
	hlist_add_head(&page->node, kview_textpage_bucket(page->addr));
}

void kview_textpage_remove(struct kview_textpage *page)
{
	lockdep_assert_held(kview_symbols.text_mutex);
	hlist_del_init(&page->node);
}

bool kview_textpage_any(unsigned long addr)
{
	return !hlist_empty(kview_textpage_bucket(addr));
}

void kview_textpage_read(unsigned long addr, void *to, size_t len)
{
	/* The direct map shows the shared page even to a member, whose own mapping of @addr may be private. */
	memcpy(to, __va(__pa(addr)), len);
}

void kview_textpage_build(struct kview_textpage *page, struct kview_site *const *sites, u32 count, void *buffer)
{
	u32 i;

	lockdep_assert_held(kview_symbols.text_mutex);
	kview_textpage_read(page->addr, buffer, PAGE_SIZE);
	bitmap_zero(page->patched, PAGE_SIZE);
	for (i = 0; i < count; i++) {
		unsigned int offset = offset_in_page(sites[i]->place.addr);

		kview_site_patch(sites[i], buffer + offset);
		bitmap_set(page->patched, offset, sites[i]->place.size);
	}
	kview_arena_write(page->next, buffer, PAGE_SIZE);
}

static bool differs(const struct kview_textpage *page, unsigned int offset, size_t len)
{
	return page->copy && !page->aside && find_next_bit(page->patched, offset + len, offset) < offset + len;
}

bool kview_textpage_differs(const struct kview_image *image, unsigned long addr, size_t len)
{
	struct kview_textpage *page;

	lockdep_assert_held(kview_symbols.text_mutex);
	kview_textpage_for_each(page, addr) {
		if ((!image || page->image == image) && differs(page, offset_in_page(addr), len))
			return true;
	}
	return false;
}

static void write_bytes(void *dst, const void *src, size_t len, bool fill)
{
	u8 bytes[64];
	size_t done, part;

	if (!fill) {
		kview_arena_write(dst, src, len);
		return;
	}
	memset(bytes, *(const u8 *)src, sizeof(bytes));
	for (done = 0; done < len; done += part) {
		part = min(len - done, sizeof(bytes));
		kview_arena_write(dst + done, bytes, part);
	}
}

/* @offset and @len stay inside the page. Returns whether a byte of ours was in the way. */
static bool mirror_page(struct kview_textpage *page, unsigned int offset, const void *src, size_t len, bool fill)
{
	unsigned long from = offset, end = offset + len, to;

	if (!page->copy || page->aside)
		return false;
	while (from < end) {
		from = find_next_zero_bit(page->patched, end, from);
		to = find_next_bit(page->patched, end, from);
		if (from < to)
			write_bytes(page->copy + from, fill ? src : src + (from - offset), to - from, fill);
		from = to;
	}
	return find_next_bit(page->patched, end, offset) < end;
}

bool kview_textpage_mirror(unsigned long addr, const void *src, size_t len, bool fill)
{
	struct kview_textpage *page;
	bool blocked = false;
	size_t part;

	lockdep_assert_held(kview_symbols.text_mutex);
	while (len) {
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));
		kview_textpage_for_each(page, addr)
			blocked |= mirror_page(page, offset_in_page(addr), src, part, fill);
		addr += part;
		src += fill ? 0 : part;
		len -= part;
	}
	return blocked;
}
