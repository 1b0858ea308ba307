// SPDX-License-Identifier: GPL-2.0-or-later
#include "ioctl_requests.h"

#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "ioctl_stock.h"
#include "tests/vm/storm.h"
#include "tests/vm/testlib.h"

#define PAGE 4096
#define TARGETS 512 /* in one request */
#define SLOTS 10    /* of what was there a moment ago */

union request {
	__u32 size;
	struct kview_view_create view;
	struct kview_member member;
	struct kview_link_create link;
	struct kview_check check;
	struct kview_view_info view_info;
	struct kview_member_info member_info;
	struct kview_link_info link_info;
	struct kview_hook_info hook_info;
	struct kview_cgroup cgroup;
	struct kview_cgroup_info cgroup_info;
	unsigned char bytes[PAGE];
};

/* A thread's own memory for what requests point to, and memory all threads write to. */
static __thread struct kview_target own_targets[TARGETS];
static __thread __u32 own_reasons[TARGETS];
static struct kview_target common_targets[TARGETS];
static union request common_request;
static unsigned char *page_ends[2]; /* of writable memory, of read-only memory; nothing follows */

static void fill_target(struct kview_target *target, __u32 kind)
{
	*target = (struct kview_target){ .cookie = draw() };
	if (kind >= KVIEW_HOOK_TP_ENTER && kind <= KVIEW_HOOK_RAW_EXIT)
		target->value = once_in(20) ? odd_number() : below(460);
	else if (kind >= KVIEW_HOOK_RAW_TP)
		target->name = (unsigned long)stock_event();
	else if ((kind == KVIEW_HOOK_FENTRY || kind == KVIEW_HOOK_FEXIT) && !once_in(4))
		return;
	else if (once_in(2))
		target->name = (unsigned long)stock_name();
	else
		target->value = stock_function();
	if (once_in(100))
		target->name = odd_number();
	if (once_in(100))
		target->value += odd_number();
}

static struct kview_target *fill_targets(__u32 kind, __u32 *ret_count)
{
	struct kview_target *targets = once_in(8) ? common_targets : own_targets;
	/* To look for a function's type takes long. */
	__u32 count = once_in(20) ? 1 + below(kind <= KVIEW_HOOK_RAW_EXIT ? TARGETS : 8) : 1 + below(3);

	if (once_in(2) && (kind == KVIEW_HOOK_RAW_ENTER || kind == KVIEW_HOOK_RAW_EXIT || kind == KVIEW_HOOK_FENTRY ||
			   kind == KVIEW_HOOK_FEXIT))
		count = 1;
	for (__u32 i = 0; i < count; i++)
		fill_target(&targets[i], kind);
	*ret_count = count;
	return targets;
}

static __u32 any_kind(void)
{
	return once_in(2) ? KVIEW_HOOK_ENTRY : KVIEW_HOOK_ENTRY + below(KVIEW_HOOK_TP);
}

static void fill_nothing(union request *request)
{
	(void)request;
}

static void fill_view(union request *request)
{
	snprintf(request->view.name, sizeof(request->view.name), "fuzz %u", below(1000));
}

static void fill_check(union request *request)
{
	request->check.kind = any_kind();
	request->check.targets = (unsigned long)fill_targets(request->check.kind, &request->check.count);
	request->check.reasons = (unsigned long)own_reasons;
}

static void fill_link(union request *request)
{
	request->link.kind = any_kind();
	request->link.flags = (once_in(3) ? KVIEW_LINK_HELD : 0) | (once_in(6) ? KVIEW_LINK_INTERRUPTS : 0);
	request->link.prog_fd = stock_program(request->link.kind);
	request->link.targets = (unsigned long)fill_targets(request->link.kind, &request->link.count);
}

static void fill_member(union request *request)
{
	request->member.flags = once_in(3) ? KVIEW_MEMBER_FOLLOW : 0;
	request->member.pidfd = -1;
	if (once_in(3))
		request->member.pidfd = stock_fd(PIDFDS);
	else
		request->member.pid = stock_process();
	if (once_in(3))
		request->member.flags = KVIEW_MEMBER_THREAD;
}

static void fill_cgroup(union request *request)
{
	request->cgroup.fd = once_in(10) ? stock_fd(DEVICES) : stock_cgroup();
}

/* The descriptor the thread is about to use. */
static __thread int on;

/* Members with their view's descriptor, views, and links with their views, that were there a moment ago. */
static atomic_ullong known_members[SLOTS];
#define THREAD_KNOWN (1U << 31) /* in the number of one that is a thread */
static atomic_uint known_views[SLOTS];
static atomic_ullong known_links[SLOTS];

static __u32 known_view(void)
{
	return once_in(10) ? odd_number() : known_views[below(SLOTS)];
}

static void note_view(const struct kview_view_info *info)
{
	known_views[below(SLOTS)] = info->id;
}

static void note_member(const struct kview_member *request)
{
	__u32 thread = request->flags & KVIEW_MEMBER_THREAD ? THREAD_KNOWN : 0;

	known_members[below(SLOTS)] = (unsigned long long)on << 32 | thread | request->pid;
}

static void note_link(const struct kview_link_info *info)
{
	known_links[below(SLOTS)] = (unsigned long long)info->view << 32 | info->id;
}

static void fill_next_view(union request *request)
{
	request->view_info.id = once_in(2) ? 0 : known_view();
}

static void fill_member_info(union request *request)
{
	request->member_info.view = known_view();
	request->member_info.index = below(3);
}

static void fill_next_link(union request *request)
{
	request->link_info.view = known_view();
	request->link_info.id = once_in(4) ? odd_number() : 0;
}

static void fill_hook_info(union request *request)
{
	unsigned long long known = known_links[below(SLOTS)];

	request->hook_info.view = known >> 32;
	request->hook_info.link = known;
	request->hook_info.index = once_in(2) ? 0 : below(4);
}

static void fill_cgroup_info(union request *request)
{
	request->cgroup_info.view = known_view();
	request->cgroup_info.index = below(3);
}

static void fill_removal(union request *request)
{
	unsigned long long known = known_members[below(SLOTS)];

	fill_member(request);
	request->member.flags = 0;
	if (once_in(2))
		return;
	on = known >> 32;
	request->member.pid = (__u32)known & ~THREAD_KNOWN;
	request->member.pidfd = -1;
	request->member.flags = known & THREAD_KNOWN ? KVIEW_MEMBER_THREAD : 0;
}

struct call {
	const char *name;
	unsigned long number;
	enum pool on;
	void (*fill)(union request *request);
	unsigned int weight;
	atomic_ulong done, refused;
};

#define CALL(name, ...) { #name, KVIEW_IOC_##name, __VA_ARGS__, 0, 0 }
static struct call calls[] = {
	CALL(INFO, DEVICES, fill_nothing, 1),
	CALL(VIEW_CREATE, DEVICES, fill_view, 4),
	CALL(CHECK, DEVICES, fill_check, 1),
	CALL(NEXT_VIEW, DEVICES, fill_next_view, 4),
	CALL(MEMBER_INFO, DEVICES, fill_member_info, 4),
	CALL(NEXT_LINK, DEVICES, fill_next_link, 4),
	CALL(HOOK_INFO, DEVICES, fill_hook_info, 4),
	CALL(MEMBER_ADD, VIEWS, fill_member, 8),
	CALL(MEMBER_REMOVE, VIEWS, fill_removal, 4),
	CALL(LINK_CREATE, VIEWS, fill_link, 8),
	CALL(LINKS_START, VIEWS, fill_nothing, 4),
	CALL(VIEW_INFO, VIEWS, fill_nothing, 4),
	CALL(LINK_INFO, LINKS, fill_nothing, 4),
	CALL(CGROUP_ADD, VIEWS, fill_cgroup, 4),
	CALL(CGROUP_REMOVE, VIEWS, fill_cgroup, 4),
	CALL(CGROUP_INFO, DEVICES, fill_cgroup_info, 4),
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))
#define WEIGHTS 66

static struct call *any_call(void)
{
	unsigned int at = below(WEIGHTS);
	struct call *call = calls;

	while (at >= call->weight)
		at -= call++->weight;
	return call;
}

static void mutate(union request *request, size_t size)
{
	switch (below(12)) {
	case 0:
		request->size = odd_number();
		break;
	case 1:
		request->size = 4 * below(size / 4 + 4);
		break;
	case 2:
		for (int i = 1 + below(4); i; i--)
			request->bytes[below(size)] ^= 1 << below(8);
		break;
	case 3:
		for (int i = 1 + below(3); i; i--) {
			uint64_t number = odd_number();

			memcpy(request->bytes + 4 * below(size / 4), &number, once_in(2) ? 4 : 8);
		}
		break;
	case 4:
		request->size = size + 4 * below(8);
		request->bytes[below(PAGE)] = once_in(2);
		break;
	}
}

/* Where the request lies. */
static void *place(union request *request, size_t size)
{
	switch (below(16)) {
	case 0:
		memcpy(&common_request, request, sizeof(common_request));
		return &common_request;
	case 1:
		memcpy(page_ends[0] - size, request, size);
		return page_ends[0] - size;
	case 2:
		return page_ends[once_in(2)] - 4 * below(PAGE / 4);
	case 3:
		return once_in(8) ? (void *)odd_number() : request;
	default:
		return request;
	}
}

static unsigned long spoil_number(unsigned long number)
{
	if (once_in(2))
		return calls[below(CALLS)].number;
	return number ^ 1UL << below(once_in(8) ? 64 : 32);
}

static void note(const struct call *call, const union request *request)
{
	if (call->number == KVIEW_IOC_VIEW_INFO || call->number == KVIEW_IOC_NEXT_VIEW)
		note_view(&request->view_info);
	else if (call->number == KVIEW_IOC_LINK_INFO || call->number == KVIEW_IOC_NEXT_LINK)
		note_link(&request->link_info);
	else if (call->number == KVIEW_IOC_MEMBER_ADD && request->member.pidfd == -1)
		note_member(&request->member);
}

void request_make(void)
{
	struct call *call = any_call();
	size_t size = _IOC_SIZE(call->number);
	unsigned long number = once_in(60) ? spoil_number(call->number) : call->number;
	union request request = { .size = size };
	int result;

	on = stock_fd(call->on);
	call->fill(&request);
	if (size)
		mutate(&request, size);
	result = ioctl(on, number, place(&request, size));
	result < 0 ? call->refused++ : call->done++;
	if (result > 0)
		stock_keep(_IOC_NR(number) == _IOC_NR(KVIEW_IOC_LINK_CREATE) ? LINKS : VIEWS, result);
	else if (!result)
		note(call, &request);
}

void request_scribble(void)
{
	common_request.bytes[below(once_in(2) ? 64 : PAGE)] = draw();
	common_targets[below(TARGETS)].value = odd_number();
	common_targets[below(TARGETS)].name = once_in(2) ? 0 : odd_number();
}

static unsigned char *end_of_memory(int protection)
{
	unsigned char *page = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	CHECK_CALL(mprotect(page, PAGE, protection));
	return page + PAGE;
}

void request_set_up(void)
{
	page_ends[0] = end_of_memory(PROT_READ | PROT_WRITE);
	page_ends[1] = end_of_memory(PROT_READ);
}

void request_report(long seconds)
{
	for (size_t i = 0; i < CALLS; i++) {
		test_note("%-13s %8lu done %8lu refused", calls[i].name, calls[i].done, calls[i].refused);
		/* The rarer calls depend too much on what came before for a busy machine's few seconds. */
		if (seconds >= 10 && calls[i].weight >= 8 && !(calls[i].done && calls[i].refused))
			FAIL("%s: always the same", calls[i].name);
	}
}
