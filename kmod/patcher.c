// SPDX-License-Identifier: GPL-2.0-only
#include "patcher.h"

#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "compat/symbols.h"
#include "image.h"
#include "member.h"

void kview_patcher_begin(struct kview_patcher *patcher)
{
	struct kview_mm *member;

	lockdep_assert_held(kview_symbols.text_mutex);
	if (!current->mm) {
		kview_images_set_dirty_aside();
		return;
	}
	member = kview_member_find(current->mm);
	if (!member)
		return;
	patcher->mm = member->mm;
	patcher->since = ktime_get_ns();
	kview_image_show(member->mm, NULL);
}

void kview_patcher_end(struct kview_patcher *patcher)
{
	struct kview_mm *member = patcher->mm ? kview_member_find(patcher->mm) : NULL;

	patcher->mm = NULL;
	/* Since text_mutex was released it may have left its views, or moved to another image. */
	if (!member)
		return;
	guard(mutex)(kview_symbols.text_mutex);
	kview_image_show(member->mm, member->image);
	kview_image_count_window(member->image, patcher->since);
}
