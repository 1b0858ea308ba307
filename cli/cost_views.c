// SPDX-License-Identifier: GPL-2.0-or-later
#include "cost_views.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where in the listing we are. */
struct walk {
	struct cost_views *views;
	const struct kview_view_status *view;
	const struct kview_link_status *link;
};

static void hook_deinit(struct cost_view_hook *hook)
{
	free(hook->view_name);
	free(hook->program);
	free(hook->name);
}

static int add_hook(const struct kview_hook *hook, void *data)
{
	const struct walk *walk = data;
	struct cost_view_hook added = {
		.view = walk->view->id,
		.view_name = strdup(walk->view->name),
		.owner = walk->view->owner,
		.members = walk->view->members,
		.link = walk->link->id,
		.prog_id = walk->link->prog_id,
		.program = strdup(walk->link->prog_name),
		.kind = walk->link->kind,
		.name = strdup(hook->name),
		.counts = hook->counts,
	}, *list = NULL;

	if (added.view_name && added.program && added.name)
		list = reallocarray(walk->views->list, walk->views->count + 1, sizeof(*list));
	if (!list) {
		hook_deinit(&added);
		return -ENOMEM;
	}
	walk->views->list = list;
	list[walk->views->count++] = added;
	return 0;
}

static int add_link(const struct kview_link_status *link, void *data)
{
	struct walk *walk = data;

	walk->link = link;
	return kview_each_hook_of(walk->view->id, link->id, add_hook, walk);
}

static int add_view(const struct kview_view_status *view, void *data)
{
	struct walk *walk = data;

	walk->view = view;
	return kview_each_link_of(view->id, add_link, walk);
}

int cost_views_read(struct cost_views *views)
{
	struct walk walk = { .views = views };
	int err = kview_each_view(add_view, &walk);

	return err == -ENODEV ? 0 : err;
}

void cost_views_deinit(struct cost_views *views)
{
	while (views->count)
		hook_deinit(&views->list[--views->count]);
	free(views->list);
}

static bool is_same(const struct cost_view_hook *a, const struct cost_view_hook *b)
{
	return a->view == b->view && a->link == b->link && a->kind == b->kind && !strcmp(a->name, b->name);
}

/* Both lists have the same order, and ids are not used again. */
void cost_views_subtract(struct cost_views *views, const struct cost_views *before)
{
	struct cost_view_hook *hook;
	size_t i, old = 0, from, kept = 0;

	for (i = 0; i < views->count; i++) {
		hook = &views->list[i];
		for (from = old; from < before->count && !is_same(hook, &before->list[from]);)
			from++;
		if (from == before->count) {
			hook_deinit(hook);
			continue;
		}
		hook->counts.runs -= before->list[from].counts.runs;
		hook->counts.missed -= before->list[from].counts.missed;
		hook->counts.skipped -= before->list[from].counts.skipped;
		views->list[kept++] = *hook;
		old = from + 1;
	}
	views->count = kept;
}
