// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/*
 * Every ioctl with one thing wrong in a request that is otherwise valid: its size, its fields, the memory it lies in or
 * points to.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "programs.h"
#include "requests.h"
#include "symbols.h"

/* All the tests below stand on this one. */
static void valid_requests(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		call_fill(&calls[i], &request);
		call_expect(&calls[i], &request, 0, "valid");
	}
}

/* --- sizes --- */

static void too_small(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		call_fill(&calls[i], &request);
		request.size = 0;
		call_expect(&calls[i], &request, EINVAL, "size 0");
		request.size = 3;
		call_expect(&calls[i], &request, EINVAL, "size 3");
	}
}

static void too_large(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		call_fill(&calls[i], &request);
		request.size = PAGE + 1;
		call_expect(&calls[i], &request, EINVAL, "more than a page");
		request.size = -1;
		call_expect(&calls[i], &request, EINVAL, "size -1");
	}
}

static void unknown_tail(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		size_t size = call_size(&calls[i]);

		call_fill(&calls[i], &request);
		request.size = size + 1;
		request.bytes[size] = 1;
		call_expect(&calls[i], &request, E2BIG, "a byte of the future");
		request.size = PAGE;
		call_expect(&calls[i], &request, E2BIG, "a page of the future");
		request.bytes[size] = 0;
		request.bytes[PAGE - 1] = 0x80;
		call_expect(&calls[i], &request, E2BIG, "a last byte of the future");
	}
}

static void zero_tail(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		call_fill(&calls[i], &request);
		request.size = call_size(&calls[i]) + 1;
		call_expect(&calls[i], &request, 0, "a zero byte of the future");
		call_fill(&calls[i], &request);
		request.size = PAGE;
		call_expect(&calls[i], &request, 0, "zero bytes of the future");
		CHECK_EQUAL(request.size, PAGE);
	}
}

/* The structures of a program built with a newer header: the size is part of the ioctl's number, too. */
static void grown_structures(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		struct call grown = calls[i];
		size_t size = call_size(&calls[i]) + 16;

		grown.number = _IOC(_IOC_DIR(grown.number), KVIEW_IOC_TYPE, _IOC_NR(grown.number), size);
		call_fill(&grown, &request);
		CHECK_EQUAL(request.size, size);
		call_expect(&grown, &request, 0, "a grown structure");
		call_fill(&grown, &request);
		request.bytes[size - 1] = 1;
		call_expect(&grown, &request, E2BIG, "a grown structure with a new field set");
	}
}

/* What follows a short structure is not read, and not written. */
static void short_structures(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		memset(&request, 0xff, sizeof(request));
		request.size = sizeof(request.size);
		call_expect(&calls[i], &request, calls[i].when_empty, "nothing but its size");
		CHECK_EQUAL(request.size, sizeof(request.size));
		for (size_t at = sizeof(request.size); at < sizeof(request); at++)
			CHECK_EQUAL(request.bytes[at], 0xff);
	}
}

/* --- pointers --- */

static void unmapped_requests(void)
{
	unsigned char *end = end_of_memory();
	void *kernel = (void *)symbol_address("jiffies");
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		size_t size = call_size(&calls[i]);

		call_fill(&calls[i], &request);
		call_expect(&calls[i], NULL, EFAULT, "NULL");
		call_expect(&calls[i], (void *)1UL, EFAULT, "a small number");
		call_expect(&calls[i], kernel, EFAULT, "a kernel address");
		call_expect(&calls[i], (void *)-4096UL, EFAULT, "the end of the address space");
		call_expect(&calls[i], memcpy(end - size, &request, size), 0, "at the end of memory");
		call_expect(&calls[i], memcpy(end - size + 1, &request, size - 1), EFAULT, "beyond the end of memory");
		memcpy(end - 4, &request, 4);
		call_expect(&calls[i], end - 4, EFAULT, "size at the end of memory");
	}
}

/* The calls that only answer cannot, where they may not write; those that do something need not. */
static void read_only_requests(void)
{
	unsigned char *end = end_of_memory();
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		size_t size = call_size(&calls[i]);
		bool answers = strstr(calls[i].name, "INFO") || strstr(calls[i].name, "NEXT");

		call_fill(&calls[i], &request);
		CHECK_CALL(mprotect(end - PAGE, PAGE, PROT_READ | PROT_WRITE));
		memcpy(end - size, &request, size);
		CHECK_CALL(mprotect(end - PAGE, PAGE, PROT_READ));
		call_expect(&calls[i], end - size, answers ? EFAULT : 0, "in read-only memory");
	}
}

/* A refusal that cannot be explained. */
static void read_only_refusals(void)
{
	unsigned char *end = end_of_memory();
	struct kview_member *member = (void *)(end - sizeof(*member));
	struct kview_link_create *link = (void *)(end - PAGE);

	scene_new();
	*member = (struct kview_member){ .size = sizeof(*member), .pid = scene.member.pid, .pidfd = -1 };
	*link = (struct kview_link_create){ .size = sizeof(*link), .kind = KVIEW_HOOK_ENTRY, .prog_fd = -1,
					    .targets = (unsigned long)&good_target, .count = 1 };
	CHECK_CALL(mprotect(end - PAGE, PAGE, PROT_READ));
	CHECK_EQUAL(ioctl(scene.view, KVIEW_IOC_MEMBER_ADD, member), -1);
	CHECK_EQUAL(errno, EFAULT);
	CHECK_EQUAL(ioctl(scene.view, KVIEW_IOC_LINK_CREATE, link), -1);
	CHECK_EQUAL(errno, EFAULT);
	CHECK_EQUAL(kv_view_info(scene.view).members, 1);
	CHECK_EQUAL(kv_view_info(scene.view).links, 1);
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

static void bad_fields(void)
{
	union request request;

	scene_new();
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct call *call = call_of(fields[i].number);

		call_fill(call, &request);
		memcpy(request.bytes + fields[i].offset, &fields[i].value, fields[i].size);
		call_expect(call, &request, fields[i].err, fields[i].what);
	}
}

static void view_name_without_end(void)
{
	const struct call *call = call_of(KVIEW_IOC_VIEW_CREATE);
	union request request;

	scene_new();
	call_fill(call, &request);
	memset(request.view.name, 'x', sizeof(request.view.name));
	call_expect(call, &request, EINVAL, "no end");
	request.view.name[sizeof(request.view.name) - 1] = 0;
	call_expect(call, &request, 0, "the longest name");
}

static void single_kinds_take_one_target(void)
{
	static const __u32 kinds[] = { KVIEW_HOOK_RAW_ENTER, KVIEW_HOOK_RAW_EXIT, KVIEW_HOOK_FENTRY, KVIEW_HOOK_FEXIT };
	struct kview_target targets[2] = {};
	__u32 reasons[2];

	scene_new();
	for (int i = 0; i < 4; i++) {
		struct kview_check check = { .size = sizeof(check), .kind = kinds[i], .targets = (unsigned long)targets,
					     .reasons = (unsigned long)reasons, .count = 2 };

		CHECK_EQUAL(ioctl(scene.device, KVIEW_IOC_CHECK, &check), -1);
		CHECK_EQUAL(errno, EINVAL);
		CHECK_EQUAL(kv_try_link(scene.view, kinds[i], program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), targets, 2),
			    -EINVAL);
	}
}

/* Both calls that take names, with one that cannot be read. */
static void expect_name_refused(unsigned long name, int err, const char *what)
{
	struct kview_target targets[2] = { good_target, { .name = name } };
	__u32 reasons[2];
	union request request;

	call_fill(call_of(KVIEW_IOC_CHECK), &request);
	request.check.targets = (unsigned long)targets;
	request.check.reasons = (unsigned long)reasons;
	request.check.count = 2;
	call_expect(call_of(KVIEW_IOC_CHECK), &request, err, what);
	call_fill(call_of(KVIEW_IOC_LINK_CREATE), &request);
	request.link.targets = (unsigned long)targets;
	request.link.count = 2;
	call_expect(call_of(KVIEW_IOC_LINK_CREATE), &request, err, what);
}

static void bad_names(void)
{
	unsigned char *end = end_of_memory();
	char endless[PAGE];

	scene_new();
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

	scene_new();
	*targets = good_target;
	call_fill(call_of(KVIEW_IOC_CHECK), &request);
	request.check.targets = (unsigned long)targets;
	request.check.reasons = (unsigned long)reasons;
	call_expect(call_of(KVIEW_IOC_CHECK), &request, 0, "arrays that fit");
	request.check.count = 2;
	call_expect(call_of(KVIEW_IOC_CHECK), &request, EFAULT, "one target too many");
	request.check.targets = (unsigned long)((struct kview_target[]){ good_target, good_target });
	call_expect(call_of(KVIEW_IOC_CHECK), &request, EFAULT, "one reason too many");
	call_fill(call_of(KVIEW_IOC_LINK_CREATE), &request);
	request.link.targets = (unsigned long)targets;
	call_expect(call_of(KVIEW_IOC_LINK_CREATE), &request, 0, "an array that fits");
	request.link.count = 2;
	call_expect(call_of(KVIEW_IOC_LINK_CREATE), &request, EFAULT, "one target too many");
}

static const struct test_case cases[] = {
	TEST_CASE(valid_requests), TEST_CASE(too_small), TEST_CASE(too_large), TEST_CASE(unknown_tail),
	TEST_CASE(zero_tail), TEST_CASE(grown_structures), TEST_CASE(short_structures), TEST_CASE(unmapped_requests),
	TEST_CASE(read_only_requests), TEST_CASE(read_only_refusals), TEST_CASE(bad_fields),
	TEST_CASE(view_name_without_end), TEST_CASE(single_kinds_take_one_target), TEST_CASE(bad_names),
	TEST_CASE(arrays_at_the_end_of_memory),
};

int main(int argc, char **argv)
{
	test_undo = scene_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
