// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "requests.h"

static __u32 answer;

static void fill_view(union request *request)
{
	strcpy(request->view.name, "valid");
}

static void fill_check(union request *request)
{
	request->check.kind = KVIEW_HOOK_ENTRY;
	request->check.targets = (unsigned long)&good_target;
	request->check.reasons = (unsigned long)&answer;
	request->check.count = 1;
}

static void fill_member_info(union request *request)
{
	request->member_info.view = scene.view_id;
}

static void fill_next_link(union request *request)
{
	request->link_info.view = scene.view_id;
}

static void fill_hook_info(union request *request)
{
	request->hook_info.view = scene.view_id;
	request->hook_info.link = scene.link_id;
}

static void fill_outsider(union request *request)
{
	request->member.pid = scene.outsider.pid;
	request->member.pidfd = -1;
}

static void fill_member(union request *request)
{
	request->member.pid = scene.member.pid;
	request->member.pidfd = -1;
}

static void fill_cgroup(union request *request)
{
	request->cgroup.fd = scene.cgroup;
}

static void fill_other_cgroup(union request *request)
{
	request->cgroup.fd = scene.other_cgroup;
}

static void fill_cgroup_info(union request *request)
{
	request->cgroup_info.view = scene.view_id;
}

static void fill_link(union request *request)
{
	request->link.kind = KVIEW_HOOK_ENTRY;
	request->link.prog_fd = scene.prog;
	request->link.targets = (unsigned long)&good_target;
	request->link.count = 1;
}

static void undo_create(int result)
{
	CHECK(CHECK_CALL(fcntl(result, F_GETFD)) & FD_CLOEXEC);
	close(result);
}

static void undo_add(int result)
{
	CHECK_EQUAL(result, 0);
	CHECK_EQUAL(kv_try_member_remove(scene.view, scene.outsider.pid), 0);
}

static void undo_remove(int result)
{
	CHECK_EQUAL(result, 0);
	kv_member(scene.view, scene.member.pid);
}

static void undo_cgroup_add(int result)
{
	CHECK_EQUAL(result, 0);
	CHECK_EQUAL(kv_try_cgroup_remove(scene.view, scene.other_cgroup), 0);
}

static void undo_cgroup_remove(int result)
{
	CHECK_EQUAL(result, 0);
	kv_cgroup(scene.view, scene.cgroup);
}

void call_undo_nothing(int result)
{
	CHECK_EQUAL(result, 0);
}

#define CALL(name, ...) { #name, KVIEW_IOC_##name, __VA_ARGS__ }
const struct call calls[] = {
	CALL(INFO, &scene.device, NULL, call_undo_nothing, 0),
	CALL(VIEW_CREATE, &scene.device, fill_view, undo_create, 0),
	CALL(CHECK, &scene.device, fill_check, call_undo_nothing, EINVAL),
	CALL(NEXT_VIEW, &scene.device, NULL, call_undo_nothing, 0),
	CALL(MEMBER_INFO, &scene.device, fill_member_info, call_undo_nothing, ENOENT),
	CALL(NEXT_LINK, &scene.device, fill_next_link, call_undo_nothing, ENOENT),
	CALL(HOOK_INFO, &scene.device, fill_hook_info, call_undo_nothing, ENOENT),
	CALL(MEMBER_ADD, &scene.view, fill_outsider, undo_add, EBADF), /* pidfd 0 is no pidfd */
	CALL(MEMBER_REMOVE, &scene.view, fill_member, undo_remove, EBADF),
	CALL(CGROUP_INFO, &scene.device, fill_cgroup_info, call_undo_nothing, ENOENT),
	CALL(CGROUP_ADD, &scene.view, fill_other_cgroup, undo_cgroup_add, EBADF), /* standard input is none */
	CALL(CGROUP_REMOVE, &scene.view, fill_cgroup, undo_cgroup_remove, EBADF),
	CALL(LINK_CREATE, &scene.view, fill_link, undo_create, EINVAL),
	CALL(LINKS_START, &scene.view, NULL, call_undo_nothing, 0),
	CALL(VIEW_INFO, &scene.view, NULL, call_undo_nothing, 0),
	CALL(LINK_INFO, &scene.link, NULL, call_undo_nothing, 0),
};
_Static_assert(sizeof(calls) / sizeof(calls[0]) == CALLS, "each call once");

const struct call *call_of(unsigned long number)
{
	for (size_t i = 0; i < CALLS; i++) {
		if (calls[i].number == number)
			return &calls[i];
	}
	FAIL("no call %lx", number);
}

size_t call_size(const struct call *call)
{
	return _IOC_SIZE(call->number);
}

void call_fill(const struct call *call, union request *request)
{
	memset(request, 0, sizeof(*request));
	request->size = call_size(call);
	if (call->fill)
		call->fill(request);
}

/* Make the call and undo what it did; 0 or the errno. */
static int try(const struct call *call, void *request)
{
	int result = ioctl(*call->fd, call->number, request);

	if (result < 0)
		return errno;
	call->undo(result);
	return 0;
}

void call_expect(const struct call *call, void *request, int err, const char *what)
{
	struct scene_state before = scene_state();
	int got = try(call, request);

	if (got != err)
		FAIL("%s, %s: %s, not %s", call->name, what, strerror(got), strerror(err));
	scene_expect_same(&before, what);
}

bool call_creates(const struct call *call)
{
	return call->undo == undo_create;
}

bool call_removes(const struct call *call)
{
	return call->undo == undo_remove || call->undo == undo_cgroup_remove;
}

unsigned char *end_of_memory(void)
{
	unsigned char *page = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	CHECK_CALL(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	return page + PAGE;
}
