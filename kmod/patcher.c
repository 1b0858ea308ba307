// SPDX-License-Identifier: GPL-2.0-only
#include "patcher.h"

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "aside.h"
#include "compat/symbols.h"
#include "image.h"
#include "member.h"
#include "textpage.h"
#include "view.h"

static void step_out(struct kview_mm *member)
{
	lockdep_assert_held(kview_symbols.text_mutex);
	if (member->out_since)
		return;
	member->out_since = ktime_get_ns();
	kview_image_show(member->mm, NULL);
}

static void step_in(struct kview_mm *member)
{
	lockdep_assert_held(kview_symbols.text_mutex);
	if (!member->out_since || member->held_out)
		return;
	kview_image_show(member->mm, member->image);
	kview_image_count_window(member->image, member->out_since);
	member->out_since = 0;
}

/* --- ftrace's updates ---------------------------------------------------------------------------------------------- */

void kview_patcher_begin(struct kview_patcher *patcher)
{
	struct kview_mm *member;

	lockdep_assert_held(kview_symbols.text_mutex);
	if (!current->mm) {
		kview_images_set_dirty_aside();
		return;
	}
	member = kview_member_find(current->mm);
	if (!member || !member->image)
		return;
	patcher->mm = member->mm;
	member->held_out = true;
	step_out(member);
}

void kview_patcher_end(struct kview_patcher *patcher)
{
	struct kview_mm *member = patcher->mm ? kview_member_find(patcher->mm) : NULL;

	patcher->mm = NULL;
	/* Since text_mutex was released it may have left its views, or moved to another image: then it is in again. */
	if (!member)
		return;
	guard(mutex)(kview_symbols.text_mutex);
	member->held_out = false;
	step_in(member);
}

/* --- everybody else, one read at a time ----------------------------------------------------------------------------- */

static void step_in_all(struct work_struct *work)
{
	struct kview_image *image;
	struct kview_mm *member;

	guard(mutex)(&kview_lock);
	guard(mutex)(kview_symbols.text_mutex);
	list_for_each_entry(image, &kview_images, node) {
		list_for_each_entry(member, &image->members, node)
			step_in(member);
	}
}

static DECLARE_WORK(step_in_work, step_in_all);

/* The member of an image with a patch there whose address space is @mm. */
static struct kview_mm *find_reader(const struct mm_struct *mm, unsigned long addr, size_t len)
{
	struct kview_textpage *page;
	struct kview_mm *member;

	kview_textpage_for_each(page, addr) {
		if (!kview_textpage_differs(page->image, addr, len))
			continue;
		list_for_each_entry(member, &page->image->members, node) {
			if (member->mm == mm)
				return member;
		}
	}
	return NULL;
}

static void read_in_page(unsigned long addr, size_t len)
{
	struct kview_mm *member;

	if (!kview_textpage_differs(NULL, addr, len))
		return;
	/* A task that borrows tables may get others while it works: no member shows a patch then. */
	if (!current->mm) {
		kview_images_set_aside(addr, len);
		return;
	}
	member = find_reader(current->mm, addr, len);
	if (!member)
		return;
	step_out(member);
	queue_work(system_unbound_wq, &step_in_work);
}

void kview_patcher_reads(unsigned long addr, size_t len)
{
	size_t first = min_t(size_t, len, PAGE_SIZE - offset_in_page(addr));

	lockdep_assert_held(kview_symbols.text_mutex);
	read_in_page(addr, first);
	if (len > first && addr + first < kview_symbols._etext)
		read_in_page(addr + first, len - first);
}

void kview_patcher_exit(void)
{
	cancel_work_sync(&step_in_work);
}
