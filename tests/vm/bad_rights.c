// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/* Every ioctl on the wrong descriptor, without rights, and where no descriptor is left for its result. */
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "requests.h"

#define NOBODY 65534

static void wrong_descriptors(void)
{
	const int *fds[] = { &scene.device, &scene.view, &scene.link };
	union request request;

	scene_new();
	for (size_t i = 0; i < CALLS; i++) {
		for (int j = 0; j < 3; j++) {
			struct call call = calls[i];

			if (fds[j] == calls[i].fd)
				continue;
			call.fd = fds[j];
			call_fill(&call, &request);
			call_expect(&call, &request, ENOTTY, "on another kind of descriptor");
		}
	}
}

static void unknown_calls(void)
{
	const int *fds[] = { &scene.device, &scene.view, &scene.link };
	union request request;

	scene_new();
	for (int i = 0; i < 3; i++) {
		struct call call = { .name = "unknown", .fd = fds[i], .undo = call_undo_nothing };

		for (unsigned int number = 0; number < 256; number++) {
			call.number = _IOWR(KVIEW_IOC_TYPE, number, struct { __u32 size[4]; });
			if ((number & 0x0f) <= 7 && number < 0x30)
				continue;
			call_fill(&call, &request);
			call_expect(&call, &request, ENOTTY, "no such call");
		}
		call.number = _IOWR(KVIEW_IOC_TYPE + 1, 0, struct kview_info);
		call_expect(&call, &request, ENOTTY, "the call of another driver");
	}
}

static void bad_pidfds(void)
{
	struct scene_state before;
	int gone;

	scene_new();
	gone = CHECK_CALL(dup(scene.device));
	close(gone);
	before = scene_state();
	CHECK_EQUAL(kv_try_member_pidfd(scene.view, gone), -EBADF);
	CHECK_EQUAL(kv_try_member_pidfd(scene.view, scene.device), -EBADF);
	CHECK_EQUAL(kv_try_member_pidfd(scene.view, scene.prog), -EBADF);
	CHECK_EQUAL(kv_try_member_pidfd(scene.view, 1 << 30), -EBADF);
	scene_expect_same(&before, "no pidfd");
}

static void no_descriptor_left(void)
{
	struct rlimit limit = { .rlim_max = 64 };
	union request request;

	scene_new();
	limit.rlim_cur = CHECK_CALL(dup(0)); /* the lowest one free */
	close(limit.rlim_cur);
	for (size_t i = 0; i < CALLS; i++) {
		if (!call_creates(&calls[i]))
			continue;
		call_fill(&calls[i], &request);
		CHECK_CALL(setrlimit(RLIMIT_NOFILE, &limit));
		CHECK_EQUAL(ioctl(*calls[i].fd, calls[i].number, &request), -1);
		CHECK_EQUAL(errno, EMFILE);
	}
	CHECK_EQUAL(kv_view_info(scene.view).links, 1);
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

		if (call_removes(&calls[i]))
			continue;
		call_fill(&calls[i], &request);
		call_expect(&calls[i], &request, needs ? err : 0, "with few rights");
	}
}

static void with_no_rights(void)
{
	set_capabilities(0);
	expect_rights(EPERM);
	CHECK_EQUAL(open(KVIEW_DEVICE, O_RDWR), -1);
	CHECK_EQUAL(errno, EACCES);
	CHECK_EQUAL(kv_try_member_remove(scene.view, scene.member.pid), 0);
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
	scene_new();
	as_nobody(with_bpf_only);
	as_nobody(with_perfmon_only);
	as_nobody(with_both);
	as_nobody(with_admin);
	as_nobody(with_no_rights);
	CHECK_EQUAL(kv_view_info(scene.view).members, 0);
}

static const struct test_case cases[] = {
	TEST_CASE(wrong_descriptors), TEST_CASE(unknown_calls), TEST_CASE(bad_pidfds), TEST_CASE(no_descriptor_left),
	TEST_CASE(unprivileged),
};

int main(int argc, char **argv)
{
	test_undo = scene_undo;
	return test_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
