// SPDX-License-Identifier: GPL-2.0-only
#include "view.h"

#include <linux/cleanup.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cgroup.h"
#include "image.h"
#include "link.h"
#include "member.h"

DEFINE_MUTEX(kview_lock);
LIST_HEAD(kview_views);
static u32 last_id;

int kview_view_new(const char *name, struct kview_view **ret_view)
{
	struct kview_view *view = kzalloc(sizeof(*view), GFP_KERNEL);
	char comm[TASK_COMM_LEN];

	if (!view)
		return -ENOMEM;
	INIT_LIST_HEAD(&view->links);
	INIT_LIST_HEAD(&view->held);
	INIT_LIST_HEAD(&view->cgroups);
	view->owner = get_pid(task_tgid(current));
	get_task_comm(comm, current);
	strscpy(view->name, *name ? name : comm, sizeof(view->name));

	guard(mutex)(&kview_lock);
	view->id = ++last_id;
	list_add_tail(&view->node, &kview_views);
	*ret_view = view;
	return 0;
}

static void detach(struct kview_link *link)
{
	list_del_init(&link->node);
	WRITE_ONCE(link->closed, true);
	link->view = NULL;
	kview_link_put(link);
}

void kview_view_close(struct kview_view *view)
{
	struct kview_link *link, *next;

	kview_cgroup_remove_all(view);
	mutex_lock(&kview_lock);
	/* Members go first: the images that have this view go with them, and no hook has to be taken out one by one. */
	kview_member_leave_all(view);
	list_for_each_entry_safe(link, next, &view->links, node)
		detach(link);
	list_for_each_entry_safe(link, next, &view->held, node)
		detach(link);
	list_del(&view->node);
	mutex_unlock(&kview_lock);
	put_pid(view->owner);
	kfree(view);
}

/* In the order of ids, which is not the one in which links are done being made. */
static void insert(struct kview_view *view, struct kview_link *link)
{
	struct kview_link *before;

	list_for_each_entry_reverse(before, &view->links, node) {
		if (before->id < link->id)
			break;
	}
	list_add(&link->node, &before->node);
}

/* @links are of @view, and in no list of it. */
static int start(struct kview_view *view, struct list_head *links)
{
	struct kview_link *link, *next;
	int err = kview_image_attach(view, links);

	if (err)
		return err;
	list_for_each_entry_safe(link, next, links, node) {
		list_del(&link->node);
		link->held = false;
		insert(view, link);
	}
	return 0;
}

int kview_view_attach(struct kview_view *view, struct kview_link *link)
{
	LIST_HEAD(links);
	int err;

	lockdep_assert_held(&kview_lock);
	link->view = view;
	if (link->held) {
		list_add_tail(&link->node, &view->held);
		return 0;
	}
	list_add(&link->node, &links);
	err = start(view, &links);
	if (err) {
		list_del_init(&link->node);
		link->view = NULL;
	}
	return err;
}

int kview_view_start(struct kview_view *view)
{
	lockdep_assert_held(&kview_lock);
	return list_empty(&view->held) ? 0 : start(view, &view->held);
}

void kview_view_detach(struct kview_link *link)
{
	lockdep_assert_held(&kview_lock);
	if (!link->view)
		return;
	if (!link->held)
		kview_image_detach(link);
	detach(link);
}
