// SPDX-License-Identifier: GPL-2.0-only
#include "cgroup.h"

#include <linux/cgroup.h>
#include <linux/cleanup.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <kview.h>

#include "compat/cleanup.h"
#include "crowd.h"
#include "image.h"
#include "member.h"
#include "migration.h"
#include "view.h"

struct kview_cgroup_ref {
	struct list_head node; /* in its view */
	struct cgroup *cgroup;
};

bool kview_cgroup_wants(const struct kview_view *view, struct task_struct *task)
{
	struct kview_cgroup_ref *ref;
	struct cgroup *cgroup;

	guard(rcu)();
	cgroup = task_dfl_cgroup(rcu_dereference(task->group_leader));
	list_for_each_entry(ref, &view->cgroups, node) {
		if (cgroup_is_descendant(cgroup, ref->cgroup))
			return true;
	}
	return false;
}

u32 kview_cgroup_views(void)
{
	struct kview_view *view;
	u32 count = 0;

	list_for_each_entry(view, &kview_views, node)
		count += !list_empty(&view->cgroups);
	return count;
}

void kview_cgroup_put(struct kview_set *set, struct task_struct *task)
{
	struct kview_view *view;

	list_for_each_entry(view, &kview_views, node) {
		if (kview_cgroup_wants(view, task))
			kview_set_put(set, view, kview_set_get(set, view) | KVIEW_MEMBER_CGROUP);
	}
}

bool kview_cgroup_covers(struct cgroup *cgroup)
{
	struct kview_cgroup_ref *ref;
	struct kview_view *view;

	list_for_each_entry(view, &kview_views, node) {
		list_for_each_entry(ref, &view->cgroups, node) {
			if (cgroup_is_descendant(cgroup, ref->cgroup))
				return true;
		}
	}
	return false;
}

static void release(struct kview_cgroup_ref *ref)
{
	list_del(&ref->node);
	cgroup_put(ref->cgroup);
	kfree(ref);
}

u32 kview_cgroup_release_removed(void)
{
	struct kview_cgroup_ref *ref, *next;
	struct kview_view *view;
	u32 count = 0;

	list_for_each_entry(view, &kview_views, node) {
		list_for_each_entry_safe(ref, next, &view->cgroups, node) {
			if (ref->cgroup->self.flags & CSS_ONLINE)
				continue;
			release(ref);
			count++;
		}
	}
	return count;
}

static struct kview_cgroup_ref *find(const struct kview_view *view, const struct cgroup *cgroup)
{
	struct kview_cgroup_ref *ref;

	list_for_each_entry(ref, &view->cgroups, node) {
		if (ref->cgroup == cgroup)
			return ref;
	}
	return NULL;
}

static int refuse(int err, u32 reason, u32 *why)
{
	*why = reason;
	return err;
}

/* A reference on the cgroup of directory @fd. */
static struct cgroup *get_cgroup(int fd, u32 *why)
{
	struct cgroup *cgroup = cgroup_get_from_fd(fd);

	if (IS_ERR(cgroup)) {
		*why = KVIEW_WHY_NO_CGROUP;
		return ERR_PTR(-EBADF);
	}
	return cgroup;
}

/* Takes over the reference on @cgroup, if it succeeds. */
static int insert(struct kview_view *view, struct cgroup *cgroup, u32 *why)
{
	struct kview_cgroup_ref *ref;
	int err;

	guard(mutex)(&kview_lock);
	if (find(view, cgroup))
		return refuse(-EEXIST, KVIEW_WHY_ALREADY_MEMBER, why);
	err = kview_image_follow(view);
	if (err)
		return err;
	ref = kzalloc(sizeof(*ref), GFP_KERNEL);
	if (!ref)
		return -ENOMEM;
	ref->cgroup = cgroup;
	list_add_tail(&ref->node, &view->cgroups);
	view->cgroup_err = 0;
	return 0;
}

static int take_out(struct kview_view *view, const struct cgroup *cgroup)
{
	struct kview_cgroup_ref *ref;

	guard(mutex)(&kview_lock);
	ref = find(view, cgroup);
	if (!ref)
		return -ENOENT;
	release(ref);
	kview_crowd_leave();
	return 0;
}

static int insert_and_join(struct kview_view *view, struct cgroup *cgroup, u32 *why)
{
	int err = insert(view, cgroup, why);

	if (err) {
		cgroup_put(cgroup);
		return err;
	}
	err = kview_migration_reconcile() ?: READ_ONCE(view->cgroup_err);
	if (err && !take_out(view, cgroup))
		return err;
	/* Removed meanwhile by the worker, as the directory was: then there is nobody to join. */
	return 0;
}

int kview_cgroup_add(struct kview_view *view, int fd, u32 *why)
{
	struct cgroup *cgroup = get_cgroup(fd, why);
	int err;

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	err = kview_migration_watch();
	if (err) {
		cgroup_put(cgroup);
		return err;
	}
	err = insert_and_join(view, cgroup, why);
	if (err)
		kview_migration_unwatch(1);
	return err;
}

int kview_cgroup_remove(struct kview_view *view, int fd, u32 *why)
{
	struct cgroup *cgroup = get_cgroup(fd, why);
	int err;

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	err = take_out(view, cgroup);
	cgroup_put(cgroup);
	if (err)
		return refuse(err, KVIEW_WHY_NOT_MEMBER, why);
	kview_migration_unwatch(1);
	return 0;
}

void kview_cgroup_remove_all(struct kview_view *view)
{
	struct kview_cgroup_ref *ref, *next;
	u32 count = 0;

	mutex_lock(&kview_lock);
	list_for_each_entry_safe(ref, next, &view->cgroups, node) {
		release(ref);
		count++;
	}
	mutex_unlock(&kview_lock);
	kview_migration_unwatch(count);
}

struct cgroup *kview_cgroup_get(const struct kview_view *view, u32 index)
{
	struct kview_cgroup_ref *ref;

	list_for_each_entry(ref, &view->cgroups, node) {
		if (index--)
			continue;
		cgroup_get(ref->cgroup);
		return ref->cgroup;
	}
	return NULL;
}

void kview_cgroup_describe(struct cgroup *cgroup, struct kview_cgroup_info *info)
{
	info->id = cgroup_id(cgroup);
	/* Takes cgroup_mutex, under which clone3() waits for kview_lock. */
	if (cgroup_path_ns(cgroup, info->path, sizeof(info->path), current->nsproxy->cgroup_ns) < 0)
		info->path[0] = '\0';
}
