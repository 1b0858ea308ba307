// SPDX-License-Identifier: LGPL-2.1-or-later
/* The view mode: ask kview.ko. Everything is held by its descriptors: the view's, and one for each link. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

struct module_view {
	struct kview base;
	int device_fd, view_fd;
	uint32_t id;
	uint64_t features; /* KVIEW_FEATURE_* */
};

struct module_link {
	struct kview_link base;
	int fd;
	uint32_t id;
};

static struct module_view *module_view(const struct kview *view)
{
	return (struct module_view *)view;
}

static struct module_link *module_link(const struct kview_link *link)
{
	return (struct module_link *)link;
}

static int call(int fd, unsigned long request, void *argument)
{
	int ret = ioctl(fd, request, argument);

	return ret < 0 ? -errno : ret;
}

static int create_view(struct module_view *view)
{
	struct kview_view_create create = { .size = sizeof(create) };
	struct kview_view_info info = { .size = sizeof(info) };
	int err;

	strcpy(create.name, view->base.name);
	view->view_fd = call(view->device_fd, KVIEW_IOC_VIEW_CREATE, &create);
	if (view->view_fd < 0)
		return view->view_fd;
	err = call(view->view_fd, KVIEW_IOC_VIEW_INFO, &info);
	if (err)
		closep(&view->view_fd);
	view->id = info.id;
	return err;
}

static int module_open(struct kview *base)
{
	struct module_view *view = module_view(base);
	int err;

	err = kview_device_connect(base, &view->device_fd);
	if (err)
		return err;
	view->features = kview_device_features(view->device_fd);
	err = create_view(view);
	if (!err)
		return 0;
	closep(&view->device_fd);
	if (err == -EPERM || err == -EACCES)
		return kview_refuse(base, -EPERM, "%s", kview_needs_privilege);
	return kview_refuse_why(base, err, KVIEW_WHY_NONE, KVIEW_DEVICE, "");
}

static void module_close(struct kview *base)
{
	closep(&module_view(base)->view_fd);
	closep(&module_view(base)->device_fd);
}

static const char *subject_of(uint32_t flags, int pidfd)
{
	return flags & KVIEW_MEMBER_THREAD ? "thread" : pidfd < 0 ? "pid" : "pidfd";
}

static int call_member(struct kview *base, unsigned long request, uint32_t flags, pid_t pid, int pidfd)
{
	struct kview_member member = { .size = sizeof(member), .flags = flags, .pid = pid, .pidfd = pidfd };
	char subject[32];
	int err;

	err = call(module_view(base)->view_fd, request, &member);
	if (!err)
		return 0;
	snprintf(subject, sizeof(subject), "%s %d", subject_of(flags, pidfd), pidfd < 0 ? pid : pidfd);
	return kview_refuse_why(base, err, member.reason, subject, "");
}

static int module_add(struct kview *view, pid_t pid, int pidfd)
{
	return call_member(view, KVIEW_IOC_MEMBER_ADD, 0, pid, pidfd);
}

static int module_follow(struct kview *view, pid_t pid, int pidfd)
{
	return call_member(view, KVIEW_IOC_MEMBER_ADD, KVIEW_MEMBER_FOLLOW, pid, pidfd);
}

static int module_add_thread(struct kview *view, pid_t tid)
{
	if (!(module_view(view)->features & KVIEW_FEATURE_THREAD))
		return kview_refuse(view, -EOPNOTSUPP, "thread %d: the loaded kview.ko is too old to trace single threads", tid);
	return call_member(view, KVIEW_IOC_MEMBER_ADD, KVIEW_MEMBER_THREAD, tid, -1);
}

static int call_cgroup(struct kview *base, unsigned long request, int fd, const char *name)
{
	struct kview_cgroup cgroup = { .size = sizeof(cgroup), .fd = fd };
	int err;

	err = call(module_view(base)->view_fd, request, &cgroup);
	return err ? kview_refuse_why(base, err, cgroup.reason, name, "") : 0;
}

static int module_add_cgroup(struct kview *view, int fd, const char *name)
{
	return call_cgroup(view, KVIEW_IOC_CGROUP_ADD, fd, name);
}

static int module_remove_cgroup(struct kview *view, int fd, const char *name)
{
	return call_cgroup(view, KVIEW_IOC_CGROUP_REMOVE, fd, name);
}

/* Who has ended is no member any more, and nothing else is asked. */
static int module_remove(struct kview *view, pid_t pid)
{
	int err = call_member(view, KVIEW_IOC_MEMBER_REMOVE, 0, pid, -1);

	if (err != -ESRCH)
		return err;
	return kview_refuse(view, -ENOENT, "pid %d: %s", pid, kview_why_text(KVIEW_WHY_NOT_MEMBER));
}

static int module_remove_thread(struct kview *view, pid_t tid)
{
	int err = call_member(view, KVIEW_IOC_MEMBER_REMOVE, KVIEW_MEMBER_THREAD, tid, -1);

	if (err != -ESRCH)
		return err;
	return kview_refuse(view, -ENOENT, "thread %d: %s", tid, kview_why_text(KVIEW_WHY_NOT_MEMBER));
}

static int fill_target(const struct kview_link *link, size_t index, struct kview_target *target)
{
	const struct kview_site *site = &link->sites[index];
	int number;

	target->cookie = site->cookie;
	switch (kview_kind_info(link->kind)->naming) {
	case KVIEW_NAMED_SYSCALL:
		number = kview_syscall_number(site->name);
		if (number < 0)
			return kview_refuse_site(link, index, number, KVIEW_WHY_NO_SUCH_SYSCALL);
		target->value = number;
		return 0;
	case KVIEW_NAMED_NOTHING:
		return 0;
	default:
		target->name = (uintptr_t)site->name;
		return 0;
	}
}

/* Several functions or none: the errno alone would not tell. */
static int refuse_create(const struct kview_link *link, const struct kview_link_create *create, int err)
{
	return kview_refuse_site(link, create->index < link->count ? create->index : 0, err, create->reason);
}

/* Returns of functions are not followed in interrupts, and system calls do not happen there. */
static uint32_t link_flags(const struct kview_link *link)
{
	uint32_t flags = module_view(link->view)->features & KVIEW_FEATURE_HELD ? KVIEW_LINK_HELD : 0;

	flags |= link->put_off ? KVIEW_LINK_PUT_OFF : 0;
	return flags | (link->view->interrupts && kview_kind_info(link->kind)->interrupts ? KVIEW_LINK_INTERRUPTS : 0);
}

static int module_attach(struct kview_link *base)
{
	_cleanup_(freep) struct kview_target *targets = calloc(base->count, sizeof(*targets));
	struct kview_link_create create = {
		.size = sizeof(create),
		.flags = link_flags(base),
		.kind = kview_kind_info(base->kind)->uapi,
		.prog_fd = base->prog_fd,
		.targets = (uintptr_t)targets,
		.count = base->count,
	};
	struct kview_link_info info = { .size = sizeof(info) };
	struct module_link *link = module_link(base);
	int err;

	if (!targets)
		return kview_refuse_site(base, 0, -ENOMEM, KVIEW_WHY_NONE);
	if (!(module_view(base->view)->features & kview_kind_info(base->kind)->feature))
		return kview_refuse_link(base, -EOPNOTSUPP, "%s", kview_kind_unknown);
	if (base->put_off && !(module_view(base->view)->features & KVIEW_FEATURE_PUT_OFF))
		return kview_refuse_link(base, -EOPNOTSUPP, "putting calls off: %s", kview_kind_unknown);
	for (size_t i = 0; i < base->count; i++) {
		err = fill_target(base, i, &targets[i]);
		if (err)
			return err;
	}
	link->fd = call(module_view(base->view)->view_fd, KVIEW_IOC_LINK_CREATE, &create);
	if (link->fd < 0)
		return refuse_create(base, &create, link->fd);
	err = call(link->fd, KVIEW_IOC_LINK_INFO, &info);
	if (err) {
		closep(&link->fd);
		return kview_refuse_site(base, 0, err, KVIEW_WHY_NONE);
	}
	link->id = info.id;
	return 0;
}

/* All that are held: those that were attached before have been started. */
static int module_start(struct kview_link *first)
{
	const struct module_view *view = module_view(first->view);
	struct kview_links_start start = { .size = sizeof(start) };
	int err = 0;

	if (view->features & KVIEW_FEATURE_HELD)
		err = call(view->view_fd, KVIEW_IOC_LINKS_START, &start);
	return err ? kview_refuse_site(first, 0, err, start.reason) : 0;
}

static void module_detach(struct kview_link *link)
{
	closep(&module_link(link)->fd);
}

static int module_read_site(const struct kview_link *base, size_t index, struct kview_hook *hook)
{
	struct kview_hook_info info = {
		.size = sizeof(info),
		.view = module_view(base->view)->id,
		.link = module_link(base)->id,
		.index = index,
	};
	int err;

	err = call(module_view(base->view)->device_fd, KVIEW_IOC_HOOK_INFO, &info);
	if (err)
		return kview_refuse_site(base, index, err, KVIEW_WHY_NONE);
	hook->addr = info.addr;
	hook->counts = (struct kview_counts){ .runs = info.runs, .missed = info.missed, .skipped = info.skipped };
	return 0;
}

static int module_read_link(const struct kview_link *link, struct kview_counts *ret_counts)
{
	struct kview_link_info info = { .size = sizeof(info) };
	int err;

	err = call(module_link(link)->fd, KVIEW_IOC_LINK_INFO, &info);
	if (err)
		return kview_refuse_site(link, 0, err, KVIEW_WHY_NONE);
	*ret_counts = (struct kview_counts){ .runs = info.runs, .missed = info.missed, .skipped = info.skipped };
	return 0;
}

static uint32_t module_id(const struct kview *view)
{
	return module_view(view)->id;
}

static uint64_t module_features(const struct kview *view)
{
	return module_view(view)->features;
}

static int module_fd(const struct kview *view)
{
	return module_view(view)->view_fd;
}

const struct kview_ops kview_module_ops = {
	.mode = KVIEW_MODE_VIEW,
	.view_size = sizeof(struct module_view),
	.link_size = sizeof(struct module_link),
	.open = module_open,
	.close = module_close,
	.add_member = module_add,
	.follow_member = module_follow,
	.add_cgroup = module_add_cgroup,
	.remove_cgroup = module_remove_cgroup,
	.remove_member = module_remove,
	.add_thread = module_add_thread,
	.remove_thread = module_remove_thread,
	.attach = module_attach,
	.start = module_start,
	.detach = module_detach,
	.read_site = module_read_site,
	.read_link = module_read_link,
	.id = module_id,
	.features = module_features,
	.fd = module_fd,
};
