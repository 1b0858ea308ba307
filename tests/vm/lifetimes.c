// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 180
/* What ends what: links, views, tools and members, in every order, while members call. */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "programs.h"
#include "subject.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"
#define CALLS 100
#define ROUNDS 30

static struct kview_info info_now(void)
{
	struct kview_info info;

	kv_info(&info);
	return info;
}

static bool nothing_there(void)
{
	struct kview_info info = info_now();

	return !info.views && !info.members && !info.links && !info.images && !info.text_pages && !info.shared_leaves &&
	       !info.retired;
}

/* Everything at once: hooks of all kinds in a view with this member. */
static int hook_all_kinds(int view)
{
	int link = kv_entry(view, program_nothing(BPF_PROG_TYPE_KPROBE), FUNCTION);

	kv_syscall(view, KVIEW_HOOK_TP_ENTER, program_nothing(BPF_PROG_TYPE_TRACEPOINT), SYS_getppid);
	kv_syscall(view, KVIEW_HOOK_TP_EXIT, program_nothing(BPF_PROG_TYPE_TRACEPOINT), SYS_getppid);
	kv_syscall(view, KVIEW_HOOK_RAW_ENTER, program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), 0);
	kv_syscall(view, KVIEW_HOOK_RAW_EXIT, program_nothing(BPF_PROG_TYPE_RAW_TRACEPOINT), 0);
	return link;
}

static void link_is_closed(void)
{
	struct subject member = subject_new(2);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link;
	uint64_t before;

	kv_member(view, member.pid);
	link = kv_entry(view, counter.prog, FUNCTION);
	subject_start(&member);
	WAIT_FOR(*counter.value > CALLS);
	close(link);
	before = *counter.value;
	usleep(50000);
	CHECK_EQUAL(*counter.value, before);
	CHECK_EQUAL(info_now().links, 0);
	CHECK_EQUAL(kv_view_info(view).hooks, 0);
	/* Members stay what they are; what is left are the pages of our own sites (pin.h). */
	CHECK_EQUAL(kv_view_info(view).members, 1);
	CHECK_EQUAL(kv_view_info(view).text_pages, 2);
	subject_stop(&member);
}

static void view_is_closed(void)
{
	struct subject member = subject_new(2);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link;
	struct kview_link_info info;
	uint64_t before;

	kv_member(view, member.pid);
	link = kv_entry(view, counter.prog, FUNCTION);
	subject_start(&member);
	WAIT_FOR(*counter.value > CALLS);
	close(view);
	before = *counter.value;
	usleep(50000);
	CHECK_EQUAL(*counter.value, before);
	WAIT_FOR(nothing_there());

	/* The link's descriptor still tells what happened. */
	info = kv_link_info(link);
	CHECK_EQUAL(info.view, 0);
	CHECK_EQUAL(info.runs, before);
	CHECK_EQUAL(info.hooks, 1);
	close(link);
	subject_stop(&member);
}

static bool program_exists(__u32 id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The program lives as long as its last link, and no longer. */
static void program_lives_with_link(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), link;
	__u32 id;

	kv_member(view, member.pid);
	link = kv_entry(view, counter.prog, FUNCTION);
	id = kv_link_info(link).prog_id;
	close(counter.prog);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK(program_exists(id));
	close(link);
	WAIT_FOR(!program_exists(id));
}

/* A tool that makes all kinds of hooks for @member, tells so through @ready, and stays. */
static pid_t start_tool(struct subject *member)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_CALL(pipe(ready));
	pid = CHECK_CALL(fork());
	if (!pid) {
		int view = kv_view();

		kv_member(view, member->pid);
		hook_all_kinds(view);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	CHECK_EQUAL(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void tool_is_killed(void)
{
	struct subject member = subject_new(3);

	subject_start(&member);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t tool = start_tool(&member);

		CHECK_EQUAL(info_now().links, 5);
		kill(tool, SIGKILL);
		test_wait(tool);
		CHECK_EQUAL(info_now().views, 0);
	}
	WAIT_FOR(nothing_there());
	CHECK(subject_stop(&member));
}

static void member_is_killed(void)
{
	int view = kv_view();

	hook_all_kinds(view);
	for (int i = 0; i < ROUNDS; i++) {
		struct subject member = subject_new(3);

		kv_member(view, member.pid);
		subject_start(&member);
		usleep(i * 500);
		subject_end(&member);
		CHECK_EQUAL(kv_view_info(view).members, 0);
		CHECK_EQUAL(info_now().shared_leaves, 0);
	}
}

/* Both at the same moment. */
static void tool_and_member_are_killed(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct subject member = subject_new(2);
		pid_t tool = start_tool(&member);

		subject_start(&member);
		kill(i % 2 ? tool : member.pid, SIGKILL);
		kill(i % 2 ? member.pid : tool, SIGKILL);
		test_wait(tool);
		test_wait(member.pid);
	}
	WAIT_FOR(nothing_there());
}

/* Killed in the middle of attaching. */
static void tool_is_killed_at_work(void)
{
	struct subject member = subject_new(2);

	subject_start(&member);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t tool = CHECK_CALL(fork());

		if (!tool) {
			for (;;) {
				int view = kv_view();

				kv_member(view, member.pid);
				hook_all_kinds(view);
				close(view);
			}
		}
		usleep(20000 + i * 1000);
		kill(tool, SIGKILL);
		test_wait(tool);
		CHECK_EQUAL(info_now().views, 0);
	}
	WAIT_FOR(nothing_there());
	subject_stop(&member);
}

/* A descriptor that was passed on keeps what it stands for. */
static void inherited_descriptor(void)
{
	struct subject member = subject_new(1);
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int pair[2], view;
	char byte;
	pid_t heir;

	CHECK_CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	view = kv_view();
	kv_member(view, member.pid);
	kv_entry(view, counter.prog, FUNCTION);
	heir = CHECK_CALL(fork());
	if (!heir) {
		CHECK_EQUAL(read(pair[0], &byte, 1), 1);
		_exit(0);
	}
	close(view);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
	CHECK_EQUAL(info_now().views, 1);
	CHECK_EQUAL(write(pair[1], "x", 1), 1);
	test_wait(heir);
	CHECK_EQUAL(info_now().views, 0);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, CALLS);
}

/* View and link descriptors do not get through an exec. */
static void close_on_exec(void)
{
	int view = kv_view(), link = kv_entry(view, program_nothing(BPF_PROG_TYPE_KPROBE), FUNCTION);

	CHECK(fcntl(view, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(link, F_GETFD) & FD_CLOEXEC);
}

/* Out of descriptors: nothing is half attached. */
static void no_descriptor_left(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	struct subject member = subject_new(1);
	int view = kv_view(), last = 0;

	kv_member(view, member.pid);
	while (last >= 0)
		last = dup(view);
	CHECK_EQUAL(kv_try_entry(view, counter.prog, FUNCTION), -EMFILE);
	CHECK_EQUAL(ioctl(kv_device(), KVIEW_IOC_VIEW_CREATE,
			  &(struct kview_view_create){ .size = sizeof(struct kview_view_create) }), -1);
	CHECK_EQUAL(errno, EMFILE);
	CHECK_EQUAL(info_now().links, 0);
	CHECK_EQUAL(info_now().views, 1);
	subject_call(&member, CALLS);
	CHECK_EQUAL(*counter.value, 0);
}

static void cycle(struct subject *member)
{
	int view = kv_view();

	kv_member(view, member->pid);
	close(hook_all_kinds(view));
	close(view);
	for (int fd = 3; fd < 64; fd++) {
		char path[32], target[64] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof(target) - 1) > 0 && (strstr(target, "bpf-prog") ||
								       strstr(target, "kview-link")))
			close(fd);
	}
}

/* After the first time, another round leaves the module exactly as it was. */
static void rounds_leave_nothing(void)
{
	struct subject member = subject_new(1);
	struct kview_info before, after;

	kv_device();
	cycle(&member);
	kv_wait_retired();
	kv_info(&before);
	for (int i = 0; i < ROUNDS; i++)
		cycle(&member);
	kv_wait_retired();
	kv_info(&after);
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST_MAIN(TEST_CASE(link_is_closed), TEST_CASE(view_is_closed), TEST_CASE(program_lives_with_link),
	  TEST_CASE(tool_is_killed), TEST_CASE(member_is_killed), TEST_CASE(tool_and_member_are_killed),
	  TEST_CASE(tool_is_killed_at_work), TEST_CASE(inherited_descriptor), TEST_CASE(close_on_exec),
	  TEST_CASE(no_descriptor_left), TEST_CASE(rounds_leave_nothing))
