// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Life of a link: new (its sites are being filled in), attached (in its view's list), closed. A new one that is given up
 * is discarded; an attached one is closed by the caller or with its view.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

int kview_link_new(struct kview *view, enum kview_kind kind, size_t count, struct kview_link **ret_link)
{
	_cleanup_(kview_link_discardp) struct kview_link *link = calloc(1, view->ops->link_size);

	if (!link)
		return -ENOMEM;
	link->view = view;
	link->kind = kind;
	link->count = count;
	link->sites = calloc(count, sizeof(*link->sites));
	if (!link->sites)
		return -ENOMEM;
	*ret_link = TAKE_PTR(link);
	return 0;
}

void kview_link_take(struct kview_link *link, struct kview_found *found, uint64_t cookie)
{
	for (size_t i = 0; i < link->count; i++) {
		link->sites[i].name = found->names[i];
		link->sites[i].cookie = cookie;
	}
	link->some = found->some;
	free(found->names);
	*found = (struct kview_found){};
}

void kview_link_drop(struct kview_link *link, size_t index)
{
	struct kview_site *site = &link->sites[index];

	free(site->name);
	memmove(site, site + 1, (--link->count - index) * sizeof(*site));
}

void kview_link_discard(struct kview_link *link)
{
	for (size_t i = 0; link->sites && i < link->count; i++)
		free(link->sites[i].name);
	free(link->sites);
	free(link->program);
	free(link->section);
	free(link);
}

int kview_link_attach(struct kview_link *link)
{
	int err;

	if (link->put_off && (link->kind != KVIEW_KIND_RAW_ENTER || link->view->ops->mode != KVIEW_MODE_VIEW))
		return kview_refuse_link(link, -EOPNOTSUPP, "%s", kview_no_put_off);
	err = link->view->ops->attach(link);
	if (err)
		return err;
	TAILQ_INSERT_TAIL(&link->view->links, link, entry);
	return 0;
}

int kview_link_start(struct kview_link *first)
{
	struct kview_link *link, *next;
	int err = first->view->ops->start(first);

	for (link = first; link && err; link = next) {
		next = TAILQ_NEXT(link, entry);
		kview_link_close(link);
	}
	return err;
}

void kview_link_close(struct kview_link *link)
{
	if (!link)
		return;
	link->view->ops->detach(link);
	TAILQ_REMOVE(&link->view->links, link, entry);
	kview_link_discard(link);
}

const char *kview_link_program(const struct kview_link *link)
{
	return link->program;
}

const char *kview_link_section(const struct kview_link *link)
{
	return link->section;
}

int kview_link_counts(const struct kview_link *link, struct kview_counts *ret_counts)
{
	kview_reason_clear(link->view);
	return link->view->ops->read_link(link, ret_counts);
}

int kview_each_link(struct kview *view, kview_link_fn fn, void *data)
{
	struct kview_link *link, *next;
	int ret;

	for (link = TAILQ_FIRST(&view->links); link; link = next) {
		next = TAILQ_NEXT(link, entry); /* the callback may close its link */
		ret = fn(link, data);
		if (ret)
			return ret;
	}
	return 0;
}

int kview_each_hook(const struct kview_link *link, kview_hook_fn fn, void *data)
{
	int ret;

	kview_reason_clear(link->view);
	for (size_t i = 0; i < link->count; i++) {
		struct kview_hook hook = {
			.kind = link->kind,
			.name = link->sites[i].name,
			.attachable = true,
		};

		ret = link->view->ops->read_site(link, i, &hook) ?: fn(&hook, data);
		if (ret)
			return ret;
	}
	return 0;
}
