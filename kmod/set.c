// SPDX-License-Identifier: GPL-2.0-only
#include "set.h"

#include <linux/slab.h>
#include <linux/string.h>
#include <kview.h>

#include "threads.h"
#include "view.h"

struct kview_set *kview_set_new(u32 room)
{
	size_t entry = sizeof(struct kview_view *) + sizeof(struct kview_threads *) + sizeof(u8);
	struct kview_set *set = kzalloc(sizeof(*set) + room * entry, GFP_KERNEL);

	if (!set)
		return NULL;
	set->room = room;
	set->threads = (struct kview_threads **)&set->views[room];
	set->reasons = (u8 *)&set->threads[room];
	return set;
}

struct kview_set *kview_set_copy(const struct kview_set *set, u32 more)
{
	struct kview_set *copy = kview_set_new((set ? set->count : 0) + more);
	u32 i;

	if (!copy || !set)
		return copy;
	copy->count = set->count;
	memcpy(copy->views, set->views, set->count * sizeof(*set->views));
	memcpy(copy->reasons, set->reasons, set->count);
	for (i = 0; i < set->count; i++)
		copy->threads[i] = kview_threads_get(set->threads[i]);
	return copy;
}

void kview_set_free(struct kview_set *set)
{
	u32 i;

	for (i = 0; set && i < set->count; i++)
		kview_threads_put(set->threads[i]);
	kfree(set);
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

struct kview_threads *kview_set_threads(const struct kview_set *set, const struct kview_view *view)
{
	u32 at = set ? position(set, view) : 0;

	return set && has_at(set, at, view) ? set->threads[at] : NULL;
}

/* Move what stands at @from and after it to @to. */
static void shift(struct kview_set *set, u32 from, u32 to)
{
	memmove(&set->views[to], &set->views[from], (set->count - from) * sizeof(*set->views));
	memmove(&set->threads[to], &set->threads[from], (set->count - from) * sizeof(*set->threads));
	memmove(&set->reasons[to], &set->reasons[from], set->count - from);
	set->count += to - from;
}

static void drop_threads(struct kview_set *set, u32 at)
{
	kview_threads_put(set->threads[at]);
	set->threads[at] = NULL;
}

void kview_set_put(struct kview_set *set, struct kview_view *view, u8 reasons)
{
	u32 at = position(set, view);

	if (!has_at(set, at, view)) {
		if (!reasons || WARN_ON_ONCE(set->count == set->room))
			return;
		shift(set, at, at + 1);
		set->views[at] = view;
		set->threads[at] = NULL;
	} else if (!reasons) {
		drop_threads(set, at);
		shift(set, at + 1, at);
		return;
	}
	set->reasons[at] = reasons;
	if (!(reasons & KVIEW_MEMBER_THREAD))
		drop_threads(set, at);
}

void kview_set_put_threads(struct kview_set *set, struct kview_view *view, struct kview_threads *threads)
{
	u8 had = kview_set_get(set, view);
	u32 at;

	if (!threads) {
		kview_set_put(set, view, had & ~KVIEW_MEMBER_THREAD);
		return;
	}
	kview_set_put(set, view, had | KVIEW_MEMBER_THREAD);
	at = position(set, view);
	drop_threads(set, at);
	set->threads[at] = threads;
}

struct kview_threads *kview_set_only(const struct kview_set *set, u32 index)
{
	return set->reasons[index] == KVIEW_MEMBER_THREAD ? set->threads[index] : NULL;
}
