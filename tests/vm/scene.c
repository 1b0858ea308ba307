// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <sys/ioctl.h>

#include "cgroups.h"
#include "programs.h"
#include "scene.h"

struct scene scene;
struct kview_target good_target = { .name = (unsigned long)SCENE_OTHER_FUNCTION };

void scene_new(void)
{
	scene.device = kv_device();
	scene.view = kv_view();
	scene.prog = program_nothing(BPF_PROG_TYPE_KPROBE);
	scene.link = kv_entry(scene.view, scene.prog, SCENE_FUNCTION);
	scene.view_id = kv_view_info(scene.view).id;
	scene.link_id = kv_link_info(scene.link).id;
	scene.member = subject_new(1);
	scene.outsider = subject_new(1);
	kv_member(scene.view, scene.member.pid);
	scene.cgroup = cgroup_new("a");
	scene.other_cgroup = cgroup_new("b");
	kv_cgroup(scene.view, scene.cgroup);
}

void scene_undo(void)
{
	cgroup_undo();
}

static unsigned int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

struct scene_state scene_state(void)
{
	struct scene_state state = { .descriptors = count_descriptors() };

	kv_info(&state.info);
	state.info.retired = 0;
	return state;
}

void scene_expect_same(const struct scene_state *before, const char *what)
{
	struct scene_state now = scene_state();

	if (memcmp(&now.info, &before->info, sizeof(now.info)))
		FAIL("%s: views %u, members %u, links %u, images %u, text pages %u, table pages %u, bytes %llu; "
		     "before: %u, %u, %u, %u, %u, %u, %llu",
		     what, now.info.views, now.info.members, now.info.links, now.info.images, now.info.text_pages,
		     now.info.table_pages, now.info.bytes, before->info.views, before->info.members, before->info.links,
		     before->info.images, before->info.text_pages, before->info.table_pages, before->info.bytes);
	if (now.descriptors != before->descriptors)
		FAIL("%s: %u descriptors, before %u", what, now.descriptors, before->descriptors);
}

void expect_reason(const char *what, int got, int err, __u32 why)
{
	if (got != -err || kv_reason != why)
		FAIL("%s: %s, %s; not %s, %s", what, got < 0 ? strerror(-got) : "success", kv_reason_name(kv_reason),
		     strerror(err), kv_reason_name(why));
}

__u32 reason_of(__u32 kind, const struct kview_target *target)
{
	__u32 reason = -1;
	struct kview_check check = { .size = sizeof(check), .kind = kind, .targets = (unsigned long)target,
				     .reasons = (unsigned long)&reason, .count = 1 };

	CHECK_CALL(ioctl(scene.device, KVIEW_IOC_CHECK, &check));
	return reason;
}

void refuse_link(__u32 kind, int prog, const struct kview_target *targets, __u32 count, int err, __u32 why,
		 __u32 index)
{
	struct scene_state before = scene_state();

	expect_reason("link", kv_try_link(scene.view, kind, prog, targets, count), err, why);
	CHECK_EQUAL(kv_index, index);
	scene_expect_same(&before, "link refused");
	CHECK_EQUAL(kv_view_info(scene.view).links, 1);
}
