// SPDX-License-Identifier: GPL-2.0-only
#include "set.h"

#include <linux/slab.h>
#include <linux/string.h>

#include "view.h"

struct kview_set *kview_set_new(u32 room)
{
	struct kview_set *set = kzalloc(struct_size(set, views, room) + room, GFP_KERNEL);

	if (!set)
		return NULL;
	set->room = room;
	set->reasons = (u8 *)&set->views[room];
	return set;
}

struct kview_set *kview_set_copy(const struct kview_set *set)
{
	struct kview_set *copy = kview_set_new(set ? set->count + 1 : 1);

	if (!copy || !set)
		return copy;
	copy->count = set->count;
	memcpy(copy->views, set->views, set->count * sizeof(*set->views));
	memcpy(copy->reasons, set->reasons, set->count);
	return copy;
}

/* Where @view is, or belongs. */
static u32 position(const struct kview_set *set, const struct kview_view *view)
{
	u32 at = 0;

	while (at < set->count && set->views[at]->id < view->id)
		at++;
	return at;
}

static bool has_at(const struct kview_set *set, u32 at, const struct kview_view *view)
{
	return at < set->count && set->views[at] == view;
}

u8 kview_set_get(const struct kview_set *set, const struct kview_view *view)
{
	u32 at = set ? position(set, view) : 0;

	return set && has_at(set, at, view) ? set->reasons[at] : 0;
}

/* Move what stands at @from and after it to @to. */
static void shift(struct kview_set *set, u32 from, u32 to)
{
	memmove(&set->views[to], &set->views[from], (set->count - from) * sizeof(*set->views));
	memmove(&set->reasons[to], &set->reasons[from], set->count - from);
	set->count += to - from;
}

void kview_set_put(struct kview_set *set, struct kview_view *view, u8 reasons)
{
	u32 at = position(set, view);

	if (!has_at(set, at, view)) {
		if (!reasons || WARN_ON_ONCE(set->count == set->room))
			return;
		shift(set, at, at + 1);
	} else if (!reasons) {
		shift(set, at + 1, at);
		return;
	}
	set->views[at] = view;
	set->reasons[at] = reasons;
}
