// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/*
 * Everything the module refuses, each time in a request that is otherwise valid: the errno, the reason, and that
 * nothing is half done afterwards.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <bpf/bpf.h>

#include "cgroups.h"
#include "programs.h"
#include "subject.h"
#include "symbols.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define OTHER_FUNCTION "__x64_sys_getpid"
#define PAGE 4096
#define NOBODY 65534

/* In newer headers than those of Debian 12. */
#define TRACE_UPROBE_MULTI 48

/* What requests refer to. */
static struct {
	int device, view, link, prog;
	int cgroup, other_cgroup; /* of the view, and of nobody; both empty */
	__u32 view_id, link_id;
	struct subject member, outsider;
} it;

static struct kview_target good_target = { .name = (unsigned long)OTHER_FUNCTION };
static __u32 answer;

static void set_up(void)
{
	it.device = kv_device();
	it.view = kv_view();
	it.prog = program_nothing(BPF_PROG_TYPE_KPROBE);
	it.link = kv_entry(it.view, it.prog, FUNCTION);
	it.view_id = kv_view_info(it.view).id;
	it.link_id = kv_link_info(it.link).id;
	it.member = subject_new(1);
	it.outsider = subject_new(1);
	kv_member(it.view, it.member.pid);
	it.cgroup = cgroup_new("a");
	it.other_cgroup = cgroup_new("b");
	kv_cgroup(it.view, it.cgroup);
}

/* --- what there is, before and after --- */

struct state {
	struct kview_info info;
	unsigned int descriptors;
};

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

static struct state state(void)
{
	struct state state = { .descriptors = count_descriptors() };

	kv_info(&state.info);
	state.info.retired = 0;
	return state;
}

static void expect_same(const struct state *before, const char *what)
{
	struct state now = state();

	if (memcmp(&now.info, &before->info, sizeof(now.info)))
		FAIL("%s: views %u, members %u, links %u, images %u, text pages %u, table pages %u, bytes %llu; "
		     "before: %u, %u, %u, %u, %u, %u, %llu",
		     what, now.info.views, now.info.members, now.info.links, now.info.images, now.info.text_pages,
		     now.info.table_pages, now.info.bytes, before->info.views, before->info.members, before->info.links,
		     before->info.images, before->info.text_pages, before->info.table_pages, before->info.bytes);
	if (now.descriptors != before->descriptors)
		FAIL("%s: %u descriptors, before %u", what, now.descriptors, before->descriptors);
}

/* --- every call, in a valid form --- */

/* The largest structure, with room for more behind it. */
union request {
	__u32 size;
	struct kview_view_create view;
	struct kview_member member;
	struct kview_cgroup cgroup;
	struct kview_cgroup_info cgroup_info;
	struct kview_link_create link;
	struct kview_links_start start;
	struct kview_check check;
	struct kview_member_info member_info;
	struct kview_link_info link_info;
	struct kview_hook_info hook_info;
	struct kview_info info;
	struct kview_view_info view_info;
	unsigned char bytes[2 * PAGE];
};

struct call {
	const char *name;
	unsigned long number;
	const int *fd;
	void (*fill)(union request *request); /* beyond the size; NULL: nothing */
	void (*undo)(int result);	      /* after success */
	int when_empty;			      /* errno for a structure of nothing but its size */
};

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
	request->member_info.view = it.view_id;
}

static void fill_next_link(union request *request)
{
	request->link_info.view = it.view_id;
}

static void fill_hook_info(union request *request)
{
	request->hook_info.view = it.view_id;
	request->hook_info.link = it.link_id;
}

static void fill_outsider(union request *request)
{
	request->member.pid = it.outsider.pid;
	request->member.pidfd = -1;
}

static void fill_member(union request *request)
{
	request->member.pid = it.member.pid;
	request->member.pidfd = -1;
}

static void fill_cgroup(union request *request)
{
	request->cgroup.fd = it.cgroup;
}

static void fill_other_cgroup(union request *request)
{
	request->cgroup.fd = it.other_cgroup;
}

static void fill_cgroup_info(union request *request)
{
	request->cgroup_info.view = it.view_id;
}

static void fill_link(union request *request)
{
	request->link.kind = KVIEW_HOOK_ENTRY;
	request->link.prog_fd = it.prog;
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
	CHECK_EQUAL(kv_try_member_remove(it.view, it.outsider.pid), 0);
}

static void undo_remove(int result)
{
	CHECK_EQUAL(result, 0);
	kv_member(it.view, it.member.pid);
}

static void undo_cgroup_add(int result)
{
	CHECK_EQUAL(result, 0);
	CHECK_EQUAL(kv_try_cgroup_remove(it.view, it.other_cgroup), 0);
}

static void undo_cgroup_remove(int result)
{
	CHECK_EQUAL(result, 0);
	kv_cgroup(it.view, it.cgroup);
}

static void undo_nothing(int result)
{
	CHECK_EQUAL(result, 0);
}

#define CALL(name, ...) { #name, KVIEW_IOC_##name, __VA_ARGS__ }
static const struct call calls[] = {
	CALL(INFO, &it.device, NULL, undo_nothing, 0),
	CALL(VIEW_CREATE, &it.device, fill_view, undo_create, 0),
	CALL(CHECK, &it.device, fill_check, undo_nothing, EINVAL),
	CALL(NEXT_VIEW, &it.device, NULL, undo_nothing, 0),
	CALL(MEMBER_INFO, &it.device, fill_member_info, undo_nothing, ENOENT),
	CALL(NEXT_LINK, &it.device, fill_next_link, undo_nothing, ENOENT),
	CALL(HOOK_INFO, &it.device, fill_hook_info, undo_nothing, ENOENT),
	CALL(MEMBER_ADD, &it.view, fill_outsider, undo_add, EBADF), /* pidfd 0 is no pidfd */
	CALL(MEMBER_REMOVE, &it.view, fill_member, undo_remove, EBADF),
	CALL(CGROUP_INFO, &it.device, fill_cgroup_info, undo_nothing, ENOENT),
	CALL(CGROUP_ADD, &it.view, fill_other_cgroup, undo_cgroup_add, EBADF), /* standard input is none */
	CALL(CGROUP_REMOVE, &it.view, fill_cgroup, undo_cgroup_remove, EBADF),
	CALL(LINK_CREATE, &it.view, fill_link, undo_create, EINVAL),
	CALL(LINKS_START, &it.view, NULL, undo_nothing, 0),
	CALL(VIEW_INFO, &it.view, NULL, undo_nothing, 0),
	CALL(LINK_INFO, &it.link, NULL, undo_nothing, 0),
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static size_t size_of(const struct call *call)
{
	return _IOC_SIZE(call->number);
}

static void fill(const struct call *call, union request *request)
{
	memset(request, 0, sizeof(*request));
	request->size = size_of(call);
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

static void expect(const struct call *call, void *request, int err, const char *what)
{
	struct state before = state();
	int got = try(call, request);

	if (got != err)
		FAIL("%s, %s: %s, not %s", call->name, what, strerror(got), strerror(err));
	expect_same(&before, what);
}

/* All the tests below stand on this one. */
static void valid_requests(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		fill(&calls[i], &request);
		expect(&calls[i], &request, 0, "valid");
	}
}

/* --- sizes --- */

static void too_small(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		fill(&calls[i], &request);
		request.size = 0;
		expect(&calls[i], &request, EINVAL, "size 0");
		request.size = 3;
		expect(&calls[i], &request, EINVAL, "size 3");
	}
}

static void too_large(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		fill(&calls[i], &request);
		request.size = PAGE + 1;
		expect(&calls[i], &request, EINVAL, "more than a page");
		request.size = -1;
		expect(&calls[i], &request, EINVAL, "size -1");
	}
}

static void unknown_tail(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		size_t size = size_of(&calls[i]);

		fill(&calls[i], &request);
		request.size = size + 1;
		request.bytes[size] = 1;
		expect(&calls[i], &request, E2BIG, "a byte of the future");
		request.size = PAGE;
		expect(&calls[i], &request, E2BIG, "a page of the future");
		request.bytes[size] = 0;
		request.bytes[PAGE - 1] = 0x80;
		expect(&calls[i], &request, E2BIG, "a last byte of the future");
	}
}

static void zero_tail(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		fill(&calls[i], &request);
		request.size = size_of(&calls[i]) + 1;
		expect(&calls[i], &request, 0, "a zero byte of the future");
		fill(&calls[i], &request);
		request.size = PAGE;
		expect(&calls[i], &request, 0, "zero bytes of the future");
		CHECK_EQUAL(request.size, PAGE);
	}
}

/* The structures of a program built with a newer header: the size is part of the ioctl's number, too. */
static void grown_structures(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		struct call grown = calls[i];
		size_t size = size_of(&calls[i]) + 16;

		grown.number = _IOC(_IOC_DIR(grown.number), KVIEW_IOC_TYPE, _IOC_NR(grown.number), size);
		fill(&grown, &request);
		CHECK_EQUAL(request.size, size);
		expect(&grown, &request, 0, "a grown structure");
		fill(&grown, &request);
		request.bytes[size - 1] = 1;
		expect(&grown, &request, E2BIG, "a grown structure with a new field set");
	}
}

/* What follows a short structure is not read, and not written. */
static void short_structures(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		memset(&request, 0xff, sizeof(request));
		request.size = sizeof(request.size);
		expect(&calls[i], &request, calls[i].when_empty, "nothing but its size");
		CHECK_EQUAL(request.size, sizeof(request.size));
		for (size_t at = sizeof(request.size); at < sizeof(request); at++)
			CHECK_EQUAL(request.bytes[at], 0xff);
	}
}

/* --- pointers --- */

/* The end of a page that nothing follows. */
static unsigned char *end_of_memory(void)
{
	unsigned char *page = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	CHECK_CALL(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	return page + PAGE;
}

static void unmapped_requests(void)
{
	unsigned char *end = end_of_memory();
	void *kernel = (void *)symbol_address("jiffies");
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		size_t size = size_of(&calls[i]);

		fill(&calls[i], &request);
		expect(&calls[i], NULL, EFAULT, "NULL");
		expect(&calls[i], (void *)1UL, EFAULT, "a small number");
		expect(&calls[i], kernel, EFAULT, "a kernel address");
		expect(&calls[i], (void *)-4096UL, EFAULT, "the end of the address space");
		expect(&calls[i], memcpy(end - size, &request, size), 0, "at the end of memory");
		expect(&calls[i], memcpy(end - size + 1, &request, size - 1), EFAULT, "beyond the end of memory");
		memcpy(end - 4, &request, 4);
		expect(&calls[i], end - 4, EFAULT, "size at the end of memory");
	}
}

/* The calls that only answer cannot, where they may not write; those that do something need not. */
static void read_only_requests(void)
{
	unsigned char *end = end_of_memory();
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		size_t size = size_of(&calls[i]);
		bool answers = strstr(calls[i].name, "INFO") || strstr(calls[i].name, "NEXT");

		fill(&calls[i], &request);
		CHECK_CALL(mprotect(end - PAGE, PAGE, PROT_READ | PROT_WRITE));
		memcpy(end - size, &request, size);
		CHECK_CALL(mprotect(end - PAGE, PAGE, PROT_READ));
		expect(&calls[i], end - size, answers ? EFAULT : 0, "in read-only memory");
	}
}

/* A refusal that cannot be explained. */
static void read_only_refusals(void)
{
	unsigned char *end = end_of_memory();
	struct kview_member *member = (void *)(end - sizeof(*member));
	struct kview_link_create *link = (void *)(end - PAGE);

	set_up();
	*member = (struct kview_member){ .size = sizeof(*member), .pid = it.member.pid, .pidfd = -1 };
	*link = (struct kview_link_create){ .size = sizeof(*link), .kind = KVIEW_HOOK_ENTRY, .prog_fd = -1,
					    .targets = (unsigned long)&good_target, .count = 1 };
	CHECK_CALL(mprotect(end - PAGE, PAGE, PROT_READ));
	CHECK_EQUAL(ioctl(it.view, KVIEW_IOC_MEMBER_ADD, member), -1);
	CHECK_EQUAL(errno, EFAULT);
	CHECK_EQUAL(ioctl(it.view, KVIEW_IOC_LINK_CREATE, link), -1);
	CHECK_EQUAL(errno, EFAULT);
	CHECK_EQUAL(kv_view_info(it.view).members, 1);
	CHECK_EQUAL(kv_view_info(it.view).links, 1);
}

/* --- fields --- */

struct field {
	const char *what;
	unsigned long number;
	size_t offset, size;
	unsigned long long value;
	int err;
};

#define FIELD(call, type, field, value, err)                                                        \
	{ #call ": " #field " " #value, KVIEW_IOC_##call, offsetof(struct type, field),              \
	  sizeof(((struct type *)NULL)->field), (unsigned long long)(value), err }
#define CHECK_FIELD(...) FIELD(CHECK, kview_check, __VA_ARGS__)
#define LINK_FIELD(...) FIELD(LINK_CREATE, kview_link_create, __VA_ARGS__)
#define MEMBER_FIELDS(...) FIELD(MEMBER_ADD, kview_member, __VA_ARGS__), FIELD(MEMBER_REMOVE, kview_member, __VA_ARGS__)

static const struct field fields[] = {
	FIELD(VIEW_CREATE, kview_view_create, flags, 1, EINVAL),
	FIELD(VIEW_CREATE, kview_view_create, flags, 1U << 31, EINVAL),

	CHECK_FIELD(reserved, 1, EINVAL),
	CHECK_FIELD(kind, 0, EINVAL),
	CHECK_FIELD(kind, 1000, EINVAL),
	CHECK_FIELD(kind, -1, EINVAL),
	CHECK_FIELD(count, 0, EINVAL),
	CHECK_FIELD(count, KVIEW_TARGETS_MAX + 1, EINVAL),
	CHECK_FIELD(count, -1, EINVAL),
	CHECK_FIELD(targets, 0, EFAULT),
	CHECK_FIELD(targets, -4096, EFAULT),
	CHECK_FIELD(reasons, 0, EFAULT),
	CHECK_FIELD(reasons, -4096, EFAULT),

	FIELD(MEMBER_ADD, kview_member, flags, KVIEW_MEMBER_ADDED, EINVAL),
	FIELD(MEMBER_REMOVE, kview_member, flags, KVIEW_MEMBER_FOLLOW, EINVAL),
	FIELD(CGROUP_ADD, kview_cgroup, flags, 1, EINVAL),
	FIELD(CGROUP_ADD, kview_cgroup, fd, -1, EBADF),
	FIELD(CGROUP_REMOVE, kview_cgroup, flags, 1U << 31, EINVAL),
	MEMBER_FIELDS(flags, 1U << 31, EINVAL),
	MEMBER_FIELDS(reserved, 1, EINVAL),
	MEMBER_FIELDS(pid, 0, EINVAL), /* neither pid nor pidfd */
	MEMBER_FIELDS(pid, -1, EINVAL),
	MEMBER_FIELDS(pid, 1U << 31, EINVAL),
	MEMBER_FIELDS(pidfd, 0, EINVAL), /* both */

	LINK_FIELD(flags, 1U << 30, EINVAL),
	LINK_FIELD(flags, 1U << 31, EINVAL),
	LINK_FIELD(reserved, 1, EINVAL),
	LINK_FIELD(kind, 0, EINVAL),
	LINK_FIELD(kind, 1000, EINVAL),
	LINK_FIELD(kind, -1, EINVAL),
	LINK_FIELD(count, 0, EINVAL),
	LINK_FIELD(count, KVIEW_TARGETS_MAX + 1, EINVAL),
	LINK_FIELD(count, -1, EINVAL),
	LINK_FIELD(targets, 0, EFAULT),
	LINK_FIELD(targets, -4096, EFAULT),
};

static const struct call *call_of(unsigned long number)
{
	for (size_t i = 0; i < CALLS; i++) {
		if (calls[i].number == number)
			return &calls[i];
	}
	FAIL("no call %lx", number);
}

static void bad_fields(void)
{
	union request request;

	set_up();
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct call *call = call_of(fields[i].number);

		fill(call, &request);
		memcpy(request.bytes + fields[i].offset, &fields[i].value, fields[i].size);
		expect(call, &request, fields[i].err, fields[i].what);
	}
}

static void view_name_without_end(void)
{
	const struct call *call = call_of(KVIEW_IOC_VIEW_CREATE);
	union request request;

	set_up();
	fill(call, &request);
	memset(request.view.name, 'x', sizeof(request.view.name));
	expect(call, &request, EINVAL, "no end");
	request.view.name[sizeof(request.view.name) - 1] = 0;
	expect(call, &request, 0, "the longest name");
}

static void single_kinds_take_one_target(void)
{
	static const __u32 kinds[] = { KVIEW_HOOK_RAW_ENTER, KVIEW_HOOK_RAW_EXIT, KVIEW_HOOK_FENTRY, KVIEW_HOOK_FEXIT };
	struct kview_target targets[2] = {};
	__u32 reasons[2];

	set_up();
	for (int i = 0; i < 4; i++) {
		struct kview_check check = { .size = sizeof(check), .kind = kinds[i], .targets = (unsigned long)targets,
					     .reasons = (unsigned long)reasons, .count = 2 };

		CHECK_EQUAL(ioctl(it.device, KVIEW_IOC_CHECK, &check), -1);
		CHECK_EQUAL(errno, EINVAL);
		CHECK_EQUAL(kv_try_link(it.view, kinds[i], program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), targets, 2),
			    -EINVAL);
	}
}

/* Both calls that take names, with one that cannot be read. */
static void expect_name_refused(unsigned long name, int err, const char *what)
{
	struct kview_target targets[2] = { good_target, { .name = name } };
	__u32 reasons[2];
	union request request;

	fill(call_of(KVIEW_IOC_CHECK), &request);
	request.check.targets = (unsigned long)targets;
	request.check.reasons = (unsigned long)reasons;
	request.check.count = 2;
	expect(call_of(KVIEW_IOC_CHECK), &request, err, what);
	fill(call_of(KVIEW_IOC_LINK_CREATE), &request);
	request.link.targets = (unsigned long)targets;
	request.link.count = 2;
	expect(call_of(KVIEW_IOC_LINK_CREATE), &request, err, what);
}

static void bad_names(void)
{
	unsigned char *end = end_of_memory();
	char endless[PAGE];

	set_up();
	memset(endless, 'x', sizeof(endless));
	memset(end - 16, 'x', 16);
	expect_name_refused((unsigned long)endless, EINVAL, "a name without an end");
	expect_name_refused((unsigned long)end - 16, EFAULT, "a name that runs out of memory");
	expect_name_refused(1, EFAULT, "a name at 1");
	expect_name_refused(-8, EFAULT, "a name in the kernel");
}

/* The arrays end where memory does, or beyond. */
static void arrays_at_the_end_of_memory(void)
{
	struct kview_target *targets = (void *)(end_of_memory() - sizeof(*targets));
	__u32 *reasons = (void *)(end_of_memory() - sizeof(*reasons));
	union request request;

	set_up();
	*targets = good_target;
	fill(call_of(KVIEW_IOC_CHECK), &request);
	request.check.targets = (unsigned long)targets;
	request.check.reasons = (unsigned long)reasons;
	expect(call_of(KVIEW_IOC_CHECK), &request, 0, "arrays that fit");
	request.check.count = 2;
	expect(call_of(KVIEW_IOC_CHECK), &request, EFAULT, "one target too many");
	request.check.targets = (unsigned long)((struct kview_target[]){ good_target, good_target });
	expect(call_of(KVIEW_IOC_CHECK), &request, EFAULT, "one reason too many");
	fill(call_of(KVIEW_IOC_LINK_CREATE), &request);
	request.link.targets = (unsigned long)targets;
	expect(call_of(KVIEW_IOC_LINK_CREATE), &request, 0, "an array that fits");
	request.link.count = 2;
	expect(call_of(KVIEW_IOC_LINK_CREATE), &request, EFAULT, "one target too many");
}

/* --- descriptors and rights --- */

static void wrong_descriptors(void)
{
	const int *fds[] = { &it.device, &it.view, &it.link };
	union request request;

	set_up();
	for (size_t i = 0; i < CALLS; i++) {
		for (int j = 0; j < 3; j++) {
			struct call call = calls[i];

			if (fds[j] == calls[i].fd)
				continue;
			call.fd = fds[j];
			fill(&call, &request);
			expect(&call, &request, ENOTTY, "on another kind of descriptor");
		}
	}
}

static void unknown_calls(void)
{
	const int *fds[] = { &it.device, &it.view, &it.link };
	union request request;

	set_up();
	for (int i = 0; i < 3; i++) {
		struct call call = { .name = "unknown", .fd = fds[i], .undo = undo_nothing };

		for (unsigned int number = 0; number < 256; number++) {
			call.number = _IOWR(KVIEW_IOC_TYPE, number, struct { __u32 size[4]; });
			if ((number & 0x0f) <= 7 && number < 0x30)
				continue;
			fill(&call, &request);
			expect(&call, &request, ENOTTY, "no such call");
		}
		call.number = _IOWR(KVIEW_IOC_TYPE + 1, 0, struct kview_info);
		expect(&call, &request, ENOTTY, "the call of another driver");
	}
}

static void bad_pidfds(void)
{
	struct state before;
	int gone;

	set_up();
	gone = CHECK_CALL(dup(it.device));
	close(gone);
	before = state();
	CHECK_EQUAL(kv_try_member_pidfd(it.view, gone), -EBADF);
	CHECK_EQUAL(kv_try_member_pidfd(it.view, it.device), -EBADF);
	CHECK_EQUAL(kv_try_member_pidfd(it.view, it.prog), -EBADF);
	CHECK_EQUAL(kv_try_member_pidfd(it.view, 1 << 30), -EBADF);
	expect_same(&before, "no pidfd");
}

static void no_descriptor_left(void)
{
	struct rlimit limit = { .rlim_max = 64 };
	union request request;

	set_up();
	limit.rlim_cur = CHECK_CALL(dup(0)); /* the lowest one free */
	close(limit.rlim_cur);
	for (size_t i = 0; i < CALLS; i++) {
		if (calls[i].undo != undo_create)
			continue;
		fill(&calls[i], &request);
		CHECK_CALL(setrlimit(RLIMIT_NOFILE, &limit));
		CHECK_EQUAL(ioctl(*calls[i].fd, calls[i].number, &request), -1);
		CHECK_EQUAL(errno, EMFILE);
	}
	CHECK_EQUAL(kv_view_info(it.view).links, 1);
}

/* Run @function in a process without rights that has our descriptors. */
static void as_nobody(void (*function)(void))
{
	pid_t pid = CHECK_CALL(fork());

	if (!pid) {
		CHECK_CALL(prctl(PR_SET_KEEPCAPS, 1));
		CHECK_CALL(setresgid(NOBODY, NOBODY, NOBODY));
		CHECK_CALL(setresuid(NOBODY, NOBODY, NOBODY));
		CHECK_CALL(prctl(PR_SET_DUMPABLE, 1)); /* to see /proc/self/fd */
		function();
		_exit(0);
	}
	CHECK_EQUAL(test_wait(pid), 0);
}

static void set_capabilities(unsigned long long set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = set, .permitted = set },
		{ .effective = set >> 32, .permitted = set >> 32 },
	};

	CHECK_CALL(syscall(SYS_capset, &header, data));
}

#define CAPABILITY(name) (1ULL << (name))

/* What makes or extends views needs rights; what asks, or takes away, needs the descriptor only. */
static void expect_rights(int err)
{
	union request request;

	for (size_t i = 0; i < CALLS; i++) {
		bool needs = strstr(calls[i].name, "CREATE") || strstr(calls[i].name, "ADD") ||
			     strstr(calls[i].name, "START");

		if (calls[i].undo == undo_remove || calls[i].undo == undo_cgroup_remove)
			continue;
		fill(&calls[i], &request);
		expect(&calls[i], &request, needs ? err : 0, "with few rights");
	}
}

static void with_no_rights(void)
{
	set_capabilities(0);
	expect_rights(EPERM);
	CHECK_EQUAL(open(KVIEW_DEVICE, O_RDWR), -1);
	CHECK_EQUAL(errno, EACCES);
	CHECK_EQUAL(kv_try_member_remove(it.view, it.member.pid), 0);
}

static void with_bpf_only(void)
{
	set_capabilities(CAPABILITY(CAP_BPF));
	expect_rights(EPERM);
}

static void with_perfmon_only(void)
{
	set_capabilities(CAPABILITY(CAP_PERFMON));
	expect_rights(EPERM);
}

static void with_both(void)
{
	set_capabilities(CAPABILITY(CAP_BPF) | CAPABILITY(CAP_PERFMON));
	expect_rights(0);
}

static void with_admin(void)
{
	set_capabilities(CAPABILITY(CAP_SYS_ADMIN));
	expect_rights(0);
}

static void unprivileged(void)
{
	set_up();
	as_nobody(with_bpf_only);
	as_nobody(with_perfmon_only);
	as_nobody(with_both);
	as_nobody(with_admin);
	as_nobody(with_no_rights);
	CHECK_EQUAL(kv_view_info(it.view).members, 0);
}

/* --- reasons: processes --- */

static void expect_reason(const char *what, int got, int err, __u32 why)
{
	if (got != -err || kv_reason != why)
		FAIL("%s: %s, %s; not %s, %s", what, got < 0 ? strerror(-got) : "success", kv_reason_name(kv_reason),
		     strerror(err), kv_reason_name(why));
}

/* Both calls about a member refuse @pid. */
static void refuse_process(pid_t pid, int err, __u32 why)
{
	struct state before = state();

	expect_reason("add", kv_try_member(it.view, pid), err, why);
	expect_reason("remove", kv_try_member_remove(it.view, pid), err, why);
	expect_same(&before, "process refused");
}

static pid_t zombie(void)
{
	pid_t pid = CHECK_CALL(fork());
	siginfo_t info;

	if (!pid)
		_exit(0);
	CHECK_CALL(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	return pid;
}

static void no_process(void)
{
	pid_t pid = zombie();
	int pidfd = CHECK_CALL(syscall(SYS_pidfd_open, pid, 0));

	set_up();
	test_wait(pid);
	refuse_process(pid, ESRCH, KVIEW_WHY_NO_PROCESS);
	refuse_process(0x7fffffff, ESRCH, KVIEW_WHY_NO_PROCESS);
	expect_reason("pidfd", kv_try_member_pidfd(it.view, pidfd), ESRCH, KVIEW_WHY_NO_PROCESS);
}

static void *report_tid(void *tid)
{
	*(volatile pid_t *)tid = gettid();
	pause();
	return NULL;
}

/* A thread that is not its group's first one has an id, too, but not a process's. */
static void thread_is_no_process(void)
{
	volatile pid_t tid = 0;
	pthread_t thread;

	set_up();
	CHECK(!pthread_create(&thread, NULL, report_tid, (void *)&tid));
	WAIT_FOR(tid);
	refuse_process(tid, ESRCH, KVIEW_WHY_NO_PROCESS);
}

static void kernel_thread(void)
{
	set_up();
	refuse_process(2, EINVAL, KVIEW_WHY_KERNEL_THREAD);
}

static void exiting(void)
{
	pid_t pid = zombie();
	int pidfd = CHECK_CALL(syscall(SYS_pidfd_open, pid, 0));

	set_up();
	refuse_process(pid, ESRCH, KVIEW_WHY_EXITING);
	expect_reason("pidfd", kv_try_member_pidfd(it.view, pidfd), ESRCH, KVIEW_WHY_EXITING);
	test_wait(pid);
}

static int sleep_on(void *unused)
{
	(void)unused;
	pause();
	return 0;
}

/* Membership is that of the address space, by whatever process it is named. */
static void already_member(void)
{
	static char stack[65536];
	int pidfd;
	pid_t pid;

	set_up();
	expect_reason("pid", kv_try_member(it.view, it.member.pid), EEXIST, KVIEW_WHY_ALREADY_MEMBER);
	pidfd = CHECK_CALL(syscall(SYS_pidfd_open, it.member.pid, 0));
	expect_reason("pidfd", kv_try_member_pidfd(it.view, pidfd), EEXIST, KVIEW_WHY_ALREADY_MEMBER);

	kv_member(it.view, getpid());
	pid = CHECK_CALL(clone(sleep_on, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	expect_reason("shared", kv_try_member(it.view, pid), EEXIST, KVIEW_WHY_ALREADY_MEMBER);
	CHECK_EQUAL(kv_view_info(it.view).members, 2);
	kill(pid, SIGKILL);
	test_wait(pid);
	CHECK_EQUAL(kv_view_info(it.view).members, 2);
}

static void not_member(void)
{
	int view;

	set_up();
	expect_reason("outsider", kv_try_member_remove(it.view, it.outsider.pid), ENOENT, KVIEW_WHY_NOT_MEMBER);
	view = kv_view();
	expect_reason("other view", kv_try_member_remove(view, it.member.pid), ENOENT, KVIEW_WHY_NOT_MEMBER);
	CHECK_EQUAL(kv_view_info(it.view).members, 1);
}

/* --- reasons: places --- */

static void refuse_link(__u32 kind, int prog, const struct kview_target *targets, __u32 count, int err, __u32 why,
			__u32 index)
{
	struct state before = state();

	expect_reason("link", kv_try_link(it.view, kind, prog, targets, count), err, why);
	CHECK_EQUAL(kv_index, index);
	expect_same(&before, "link refused");
	CHECK_EQUAL(kv_view_info(it.view).links, 1);
}

static __u32 reason_of(__u32 kind, const struct kview_target *target)
{
	__u32 reason = -1;
	struct kview_check check = { .size = sizeof(check), .kind = kind, .targets = (unsigned long)target,
				     .reasons = (unsigned long)&reason, .count = 1 };

	CHECK_CALL(ioctl(it.device, KVIEW_IOC_CHECK, &check));
	return reason;
}

/* Alone, and as the last of a list: then none of the list is attached. */
static void refuse_function(struct kview_target target, int err, __u32 why)
{
	struct kview_target list[] = { good_target, { .name = (unsigned long)"vfs_read" }, target };

	if (reason_of(KVIEW_HOOK_ENTRY, &target) != why)
		FAIL("%s, %llx: %s, not %s", target.name ? (char *)target.name : "", target.value,
		     kv_reason_name(reason_of(KVIEW_HOOK_ENTRY, &target)), kv_reason_name(why));
	refuse_link(KVIEW_HOOK_ENTRY, it.prog, &target, 1, err, why, 0);
	refuse_link(KVIEW_HOOK_ENTRY, it.prog, list, 3, err, why, 2);
}

static void refuse_name(const char *name, int err, __u32 why)
{
	refuse_function((struct kview_target){ .name = (unsigned long)name }, err, why);
}

static void refuse_address(unsigned long addr, int err, __u32 why)
{
	refuse_function((struct kview_target){ .value = addr }, err, why);
}

static void no_symbol(void)
{
	char longest[512];

	set_up();
	refuse_name("no_such_function", ENOENT, KVIEW_WHY_NO_SYMBOL);
	refuse_name("", ENOENT, KVIEW_WHY_NO_SYMBOL);
	refuse_name("jiffies", ENOENT, KVIEW_WHY_NO_SYMBOL); /* data */
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	refuse_name(longest, ENOENT, KVIEW_WHY_NO_SYMBOL);
}

#define SYMBOLS_MAX 200000

struct symbol {
	unsigned long addr;
	char name[80];
};

struct symbols {
	struct symbol *list;
	size_t count;
};

/* The kernel's functions; names that do not fit are left out. */
static struct symbols read_functions(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	struct symbols symbols = { .list = calloc(SYMBOLS_MAX, sizeof(*symbols.list)) };
	struct kview_info info;
	char line[1024], type;

	kv_info(&info);
	CHECK(file && symbols.list);
	while (fgets(line, sizeof(line), file) && symbols.count < SYMBOLS_MAX) {
		struct symbol *symbol = &symbols.list[symbols.count];

		if (strlen(line) > sizeof(symbol->name) + 18 || strchr(line, '['))
			continue;
		if (sscanf(line, "%lx %c %79s", &symbol->addr, &type, symbol->name) != 3 || !strchr("tTwW", type))
			continue;
		symbols.count += symbol->addr >= info.text_start && symbol->addr < info.text_end;
	}
	fclose(file);
	return symbols;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static void ambiguous(void)
{
	struct symbols symbols = read_functions();
	size_t i = 1;

	set_up();
	qsort(symbols.list, symbols.count, sizeof(*symbols.list), compare_names);
	while (i < symbols.count && (compare_names(&symbols.list[i - 1], &symbols.list[i]) ||
				     symbols.list[i - 1].addr == symbols.list[i].addr))
		i++;
	CHECK(i < symbols.count);
	test_note("%s", symbols.list[i].name);
	refuse_name(symbols.list[i].name, ENOTUNIQ, KVIEW_WHY_AMBIGUOUS);
}

static void module_text(void)
{
	unsigned long addr = symbol_address("kview_view_new");

	set_up();
	CHECK(addr);
	refuse_name("kview_view_new", EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT);
	refuse_address(addr, EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT);
}

static void not_text(void)
{
	struct kview_info info;

	set_up();
	kv_info(&info);
	refuse_address(0, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address((unsigned long)&info, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(symbol_address("jiffies"), EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(info.text_start - 1, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(info.text_end, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(-1, EINVAL, KVIEW_WHY_NOT_TEXT);
	refuse_address(1UL << 63, EINVAL, KVIEW_WHY_NOT_TEXT);
}

static void not_traceable(void)
{
	set_up();
	refuse_name("do_syscall_64", EOPNOTSUPP, KVIEW_WHY_NOT_TRACEABLE);
	refuse_address(symbol_address("do_syscall_64"), EOPNOTSUPP, KVIEW_WHY_NOT_TRACEABLE);
}

static void not_entry(void)
{
	unsigned long addr;

	set_up();
	addr = symbol_address("vfs_read");
	CHECK(addr);
	refuse_address(addr + 1, EINVAL, KVIEW_WHY_NOT_ENTRY);
	refuse_address(addr + 4, EINVAL, KVIEW_WHY_NOT_ENTRY); /* the patchable bytes behind an endbr64 */
	refuse_address(addr + 9, EINVAL, KVIEW_WHY_NOT_ENTRY);
}

/* Ask about all functions there are; 0 when none is refused for this reason. */
static unsigned long find_by_reason(__u32 why)
{
	struct symbols symbols = read_functions();
	struct kview_target *targets = calloc(symbols.count, sizeof(*targets));
	__u32 *reasons = calloc(symbols.count, sizeof(*reasons));
	struct kview_check check = { .size = sizeof(check), .kind = KVIEW_HOOK_ENTRY };

	for (size_t i = 0; i < symbols.count; i++)
		targets[i].value = symbols.list[i].addr;
	for (size_t done = 0; done < symbols.count; done += check.count) {
		check.targets = (unsigned long)(targets + done);
		check.reasons = (unsigned long)(reasons + done);
		check.count = symbols.count - done < KVIEW_TARGETS_MAX ? symbols.count - done : KVIEW_TARGETS_MAX;
		CHECK_CALL(ioctl(it.device, KVIEW_IOC_CHECK, &check));
	}
	for (size_t i = 0; i < symbols.count; i++) {
		if (reasons[i] == why) {
			test_note("%s", symbols.list[i].name);
			return symbols.list[i].addr;
		}
	}
	return 0;
}

static void crosses_page(void)
{
	unsigned long addr;

	set_up();
	addr = find_by_reason(KVIEW_WHY_CROSSES_PAGE);
	if (addr)
		refuse_address(addr, EOPNOTSUPP, KVIEW_WHY_CROSSES_PAGE);
	else
		test_note("this kernel has no such function");
}

static void no_such_syscall(void)
{
	static const unsigned long numbers[] = {
		400, /* in the gap before the numbers that all architectures share */
		600, KVIEW_SYSCALL_MAX, KVIEW_SYSCALL_MAX + 1, KVIEW_SYSCALL_ALL - 1, 1UL << 32 | SYS_getppid,
	};
	int prog = program_nothing(BPF_PROG_TYPE_TRACEPOINT);

	set_up();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct kview_target list[] = { { .value = SYS_getppid }, { .value = numbers[i] } };

		for (__u32 kind = KVIEW_HOOK_TP_ENTER; kind <= KVIEW_HOOK_TP_EXIT; kind++) {
			CHECK_EQUAL(reason_of(kind, &list[1]), KVIEW_WHY_NO_SUCH_SYSCALL);
			refuse_link(kind, prog, list, 2, ENOENT, KVIEW_WHY_NO_SUCH_SYSCALL, 1);
		}
	}
}

static void duplicate(void)
{
	struct kview_target functions[] = {
		{ .name = (unsigned long)OTHER_FUNCTION },
		{ .name = (unsigned long)FUNCTION },
		{ .value = symbol_address(OTHER_FUNCTION) }, /* by its address */
	};
	struct kview_target numbers[] = { { .value = SYS_read }, { .value = SYS_write }, { .value = SYS_read } };
	int prog = program_nothing(BPF_PROG_TYPE_TRACEPOINT);

	set_up();
	refuse_link(KVIEW_HOOK_ENTRY, it.prog, functions, 3, EINVAL, KVIEW_WHY_DUPLICATE, 2);
	refuse_link(KVIEW_HOOK_TP_ENTER, prog, numbers, 3, EINVAL, KVIEW_WHY_DUPLICATE, 2);
	refuse_link(KVIEW_HOOK_TP_EXIT, prog, numbers, 3, EINVAL, KVIEW_WHY_DUPLICATE, 2);
}

/* As many targets as one link may have, of which the last cannot be hooked. */
static void longest_list(void)
{
	struct kview_target *targets = calloc(KVIEW_TARGETS_MAX, sizeof(*targets));

	set_up();
	CHECK(targets);
	for (int i = 0; i < KVIEW_TARGETS_MAX - 1; i++)
		targets[i] = good_target;
	refuse_link(KVIEW_HOOK_ENTRY, it.prog, targets, KVIEW_TARGETS_MAX, EINVAL, KVIEW_WHY_NOT_TEXT,
		    KVIEW_TARGETS_MAX - 1);
}

/* --- reasons: programs --- */

static const struct kview_target read_call = { .value = SYS_read };

/* A program of type tracing knows its function. */
static const struct kview_target unnamed;

static const struct kview_target *target_for(__u32 kind)
{
	switch (kind) {
	case KVIEW_HOOK_ENTRY:
	case KVIEW_HOOK_RETURN:
		return &good_target;
	case KVIEW_HOOK_FENTRY:
	case KVIEW_HOOK_FEXIT:
		return &unnamed;
	default:
		return &read_call;
	}
}

static void refuse_program(__u32 kind, int prog, int err, __u32 why)
{
	refuse_link(kind, prog, target_for(kind), 1, err, why, 0);
}

static void prog_fd(void)
{
	int closed, map;

	set_up();
	map = CHECK_CALL(bpf_map_create(BPF_MAP_TYPE_ARRAY, "test", 4, 4, 1, NULL));
	closed = CHECK_CALL(dup(it.prog));
	close(closed);
	for (__u32 kind = KVIEW_HOOK_ENTRY; kind <= KVIEW_HOOK_FEXIT; kind++) {
		refuse_program(kind, -1, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, closed, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, 1 << 30, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, map, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, it.device, EBADF, KVIEW_WHY_PROG_FD);
		refuse_program(kind, it.view, EBADF, KVIEW_WHY_PROG_FD);
	}
}

static void prog_type(void)
{
	static const enum bpf_prog_type types[] = { BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_TRACEPOINT,
						    BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_SOCKET_FILTER,
						    BPF_PROG_TYPE_PERF_EVENT };
	static const enum bpf_prog_type wanted[] = {
		[KVIEW_HOOK_ENTRY] = BPF_PROG_TYPE_KPROBE,
		[KVIEW_HOOK_TP_ENTER] = BPF_PROG_TYPE_TRACEPOINT,
		[KVIEW_HOOK_TP_EXIT] = BPF_PROG_TYPE_TRACEPOINT,
		[KVIEW_HOOK_RAW_ENTER] = BPF_PROG_TYPE_RAW_TRACEPOINT,
		[KVIEW_HOOK_RAW_EXIT] = BPF_PROG_TYPE_RAW_TRACEPOINT,
		[KVIEW_HOOK_RETURN] = BPF_PROG_TYPE_KPROBE,
		[KVIEW_HOOK_FENTRY] = BPF_PROG_TYPE_TRACING,
		[KVIEW_HOOK_FEXIT] = BPF_PROG_TYPE_TRACING,
	};

	set_up();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int prog = program_nothing(types[i]);

		for (__u32 kind = KVIEW_HOOK_ENTRY; kind <= KVIEW_HOOK_FEXIT; kind++) {
			if (types[i] != wanted[kind])
				refuse_program(kind, prog, EINVAL, KVIEW_WHY_PROG_TYPE);
		}
	}
}

/* A program that reads the eight bytes at @offset of its context. */
static int reader(enum bpf_prog_type type, int offset)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1, offset, 0),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};

	return program_load(type, insns, 3);
}

static void accept_program(__u32 kind, int prog, const struct kview_target *target)
{
	int link = kv_try_link(it.view, kind, prog, target, 1);

	if (link < 0)
		FAIL("kind %u: %s, %s", kind, strerror(-link), kv_reason_name(kv_reason));
	close(link);
}

static void prog_context(void)
{
	const struct kview_target close_call = { .value = SYS_close }; /* has one argument */
	enum bpf_prog_type type = BPF_PROG_TYPE_TRACEPOINT;

	set_up();
	accept_program(KVIEW_HOOK_TP_ENTER, reader(type, 16), &close_call);
	refuse_link(KVIEW_HOOK_TP_ENTER, reader(type, 24), &close_call, 1, EACCES, KVIEW_WHY_PROG_CONTEXT, 0);
	accept_program(KVIEW_HOOK_TP_EXIT, reader(type, 16), &close_call);
	refuse_link(KVIEW_HOOK_TP_EXIT, reader(type, 24), &close_call, 1, EACCES, KVIEW_WHY_PROG_CONTEXT, 0);

	type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	for (__u32 kind = KVIEW_HOOK_RAW_ENTER; kind <= KVIEW_HOOK_RAW_EXIT; kind++) {
		accept_program(kind, reader(type, 8), &close_call);
		refuse_link(kind, reader(type, 16), &close_call, 1, EACCES, KVIEW_WHY_PROG_CONTEXT, 0);
	}
}

/* Programs of type tracing were loaded for one end of one function. */
static void prog_tracing(void)
{
	int entries = counter_tracing(BPF_TRACE_FENTRY, "vfs_read", 0).prog;
	int exits = counter_tracing(BPF_TRACE_FEXIT, "vfs_read", 0).prog;
	struct kview_target named = { .name = (unsigned long)"vfs_read" };

	set_up();
	accept_program(KVIEW_HOOK_FENTRY, entries, &unnamed);
	accept_program(KVIEW_HOOK_FEXIT, exits, &named);
	for (__u32 kind = KVIEW_HOOK_ENTRY; kind <= KVIEW_HOOK_FEXIT; kind++) {
		if (kind != KVIEW_HOOK_FENTRY)
			refuse_program(kind, entries, EINVAL, KVIEW_WHY_PROG_TYPE);
		if (kind != KVIEW_HOOK_FEXIT)
			refuse_program(kind, exits, EINVAL, KVIEW_WHY_PROG_TYPE);
	}
	refuse_link(KVIEW_HOOK_FENTRY, entries, &good_target, 1, EINVAL, KVIEW_WHY_OTHER_FUNCTION, 0);
	refuse_link(KVIEW_HOOK_FEXIT, exits, &good_target, 1, EINVAL, KVIEW_WHY_OTHER_FUNCTION, 0);
}

/* A trampoline that waits for a function's return has to know the arguments on the stack. */
static void no_prototype(void)
{
	struct kview_target targets[] = { good_target, { .name = (unsigned long)"_printk" } }; /* takes any number */

	set_up();
	CHECK_EQUAL(reason_of(KVIEW_HOOK_ENTRY, &targets[1]), KVIEW_WHY_NONE);
	for (__u32 kind = KVIEW_HOOK_RETURN; kind <= KVIEW_HOOK_FEXIT; kind++)
		CHECK_EQUAL(reason_of(kind, &targets[1]), KVIEW_WHY_NO_PROTOTYPE);
	refuse_link(KVIEW_HOOK_RETURN, it.prog, targets, 2, EOPNOTSUPP, KVIEW_WHY_NO_PROTOTYPE, 1);
}

/* An empty program of type kprobe with something special about it; negative when the kernel does not know that. */
static int special_program(__u32 flags, int expected)
{
	const struct bpf_insn insns[] = { INSN_MOV(BPF_REG_0, 0), INSN_EXIT };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags, .expected_attach_type = expected);

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "test", "GPL", insns, 2, &opts);
}

static void refuse_special(__u32 flags, int expected, __u32 why)
{
	refuse_program(KVIEW_HOOK_ENTRY, CHECK_CALL(special_program(flags, expected)), EOPNOTSUPP, why);
}

static bool has_multi(void)
{
	struct kview_info info;

	kv_info(&info);
	return info.features & KVIEW_FEATURE_MULTI;
}

/* Their helpers look for run contexts that only the kernel's own links provide. */
static void prog_multi(void)
{
	set_up();
	if (!has_multi())
		refuse_special(0, BPF_TRACE_KPROBE_MULTI, KVIEW_WHY_PROG_MULTI);
	if (test_kernel() >= 612)
		refuse_special(0, TRACE_UPROBE_MULTI, KVIEW_WHY_PROG_MULTI);
}

static void prog_sleepable(void)
{
	set_up();
	refuse_special(BPF_F_SLEEPABLE, 0, KVIEW_WHY_PROG_SLEEPABLE);
}

static void restore_jit(void)
{
	test_write("/proc/sys/net/core/bpf_jit_enable", "1");
}

static void prog_not_jited(void)
{
	set_up();
	test_set("/proc/sys/net/core/bpf_jit_enable", "0");
	refuse_program(KVIEW_HOOK_ENTRY, program_nothing(BPF_PROG_TYPE_KPROBE), EOPNOTSUPP, KVIEW_WHY_PROG_NOT_JITED);
	refuse_program(KVIEW_HOOK_TP_EXIT, program_nothing(BPF_PROG_TYPE_TRACEPOINT), EOPNOTSUPP,
		       KVIEW_WHY_PROG_NOT_JITED);
	refuse_program(KVIEW_HOOK_RAW_ENTER, program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), EOPNOTSUPP,
		       KVIEW_WHY_PROG_NOT_JITED);
}

static void prog_override(void)
{
	const struct bpf_insn insns[] = {
		INSN_MOV(BPF_REG_2, 0),
		INSN_CALL(BPF_FUNC_override_return),
		INSN_MOV(BPF_REG_0, 0),
		INSN_EXIT,
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "test", "GPL", insns, 4, NULL);

	set_up();
	if (prog < 0)
		test_note("this kernel has no bpf_override_return()");
	else
		refuse_program(KVIEW_HOOK_ENTRY, prog, EOPNOTSUPP, KVIEW_WHY_PROG_OVERRIDE);
}

/* --- after all of that --- */

/* Where something was refused nothing runs, and what was there before runs on. */
static void refusals_leave_no_trace(void)
{
	struct kview_target list[] = { good_target, { .name = (unsigned long)FUNCTION }, { .value = 0 } };
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);

	set_up();
	refuse_link(KVIEW_HOOK_ENTRY, counter.prog, list, 3, EINVAL, KVIEW_WHY_NOT_TEXT, 2);
	subject_call(&it.member, 100);
	CHECK_EQUAL(*counter.value, 0);
	CHECK_EQUAL(kv_link_info(it.link).runs, 100);
	accept_program(KVIEW_HOOK_ENTRY, counter.prog, list);
}

static void undo(void)
{
	restore_jit();
	cgroup_undo();
}

static const struct test_case cases[] = {
	TEST_CASE(valid_requests), TEST_CASE(too_small), TEST_CASE(too_large), TEST_CASE(unknown_tail),
	TEST_CASE(zero_tail), TEST_CASE(grown_structures), TEST_CASE(short_structures), TEST_CASE(unmapped_requests),
	TEST_CASE(read_only_requests), TEST_CASE(read_only_refusals), TEST_CASE(bad_fields),
	TEST_CASE(view_name_without_end), TEST_CASE(single_kinds_take_one_target), TEST_CASE(bad_names),
	TEST_CASE(arrays_at_the_end_of_memory), TEST_CASE(wrong_descriptors), TEST_CASE(unknown_calls),
	TEST_CASE(bad_pidfds), TEST_CASE(no_descriptor_left), TEST_CASE(unprivileged),

	TEST_CASE(no_process), TEST_CASE(thread_is_no_process), TEST_CASE(kernel_thread), TEST_CASE(exiting),
	TEST_CASE(already_member), TEST_CASE(not_member),

	TEST_CASE(no_symbol), TEST_CASE(ambiguous), TEST_CASE(module_text), TEST_CASE(not_text),
	TEST_CASE(not_traceable), TEST_CASE(not_entry), TEST_CASE(crosses_page), TEST_CASE(no_such_syscall),
	TEST_CASE(duplicate), TEST_CASE(longest_list),

	TEST_CASE(no_prototype), TEST_CASE(prog_tracing),

	TEST_CASE(prog_fd), TEST_CASE(prog_type), TEST_CASE(prog_context), TEST_CASE(prog_multi),
	TEST_CASE(prog_sleepable), TEST_CASE(prog_not_jited), TEST_CASE(prog_override),

	TEST_CASE(refusals_leave_no_trace),
};

int main(int argc, char **argv)
{
	test_undo = undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
