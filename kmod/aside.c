// SPDX-License-Identifier: GPL-2.0-only
#include "aside.h"

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "commit.h"
#include "compat/cleanup.h"
#include "compat/symbols.h"
#include "image.h"
#include "textpage.h"
#include "view.h"

static void set_aside(struct kview_textpage *page)
{
	if (page->aside || !page->copy)
		return;
	kview_pagetable_set(&page->image->table, page->addr, NULL);
	page->aside = true;
	page->aside_since = ktime_get_ns();
}

void kview_images_set_aside(unsigned long addr, size_t len)
{
	struct kview_textpage *page;

	lockdep_assert_held(kview_symbols.text_mutex);
	kview_textpage_for_each(page, addr) {
		if (!kview_textpage_differs(page->image, addr, len))
			continue;
		set_aside(page);
		kview_image_flush(page->image);
	}
	kview_images_restore_later();
}

static void set_dirty_aside(struct kview_image *image)
{
	struct kview_textpage *page;
	unsigned long index;

	if (!xa_marked(&image->pages, KVIEW_DIRTY))
		return;
	xa_for_each_marked(&image->pages, index, page, KVIEW_DIRTY)
		set_aside(page);
	kview_image_flush(image);
}

void kview_images_set_dirty_aside(void)
{
	struct kview_image *image;

	lockdep_assert_held(kview_symbols.text_mutex);
	list_for_each_entry(image, &kview_images, node)
		set_dirty_aside(image);
}

void kview_image_give_up(struct kview_image *image)
{
	scoped_guard(mutex, kview_symbols.text_mutex)
		set_dirty_aside(image);
	kview_images_restore_later();
}

/* Is there anything to rebuild? */
static bool is_stale(struct kview_image *image)
{
	struct kview_textpage *page;
	unsigned long index;

	xa_for_each(&image->pages, index, page) {
		if (page->aside)
			return true;
	}
	return xa_marked(&image->sites, KVIEW_DIRTY) || xa_marked(&image->pages, KVIEW_DIRTY);
}

void kview_images_restore(void)
{
	struct kview_image *image;

	lockdep_assert_held(&kview_lock);
	list_for_each_entry(image, &kview_images, node) {
		if (is_stale(image) && kview_commit(image))
			kview_image_give_up(image);
	}
}

static void restore_work_fn(struct work_struct *work)
{
	guard(mutex)(&kview_lock);
	kview_images_restore();
}

static DECLARE_DELAYED_WORK(restore_work, restore_work_fn);

void kview_images_restore_later(void)
{
	/* Short enough not to matter as a window, long enough for memory to come back. */
	queue_delayed_work(system_unbound_wq, &restore_work, msecs_to_jiffies(10));
}

void kview_aside_exit(void)
{
	cancel_delayed_work_sync(&restore_work);
}
