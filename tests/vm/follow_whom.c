// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 150
/* Who is followed, by which view, from when on and until when. */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "forkers.h"
#include "programs.h"
#include "testlib.h"

#define FUNCTION "__x64_sys_getppid"

static int go_on[2];

/* A process that forks a child for each byte; the child makes its calls and ends. */
static pid_t start_forker(int *ret_go, int *ret_done)
{
	int go[2], done[2];
	pid_t pid;

	CHECK_CALL(pipe(go));
	CHECK_CALL(pipe(done));
	pid = CHECK_CALL(fork());
	if (!pid) {
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(go[0], &byte, 1) == 1) {
			pid_t child = forker_fork();

			if (!child) {
				forker_call();
				_exit(0);
			}
			forker_reap(child);
			if (write(done[1], "x", 1) != 1)
				break;
		}
		_exit(0);
	}
	*ret_go = go[1];
	*ret_done = done[0];
	return pid;
}

static void fork_once(int go, int done)
{
	char byte;

	CHECK_EQUAL(write(go, "x", 1), 1);
	CHECK_EQUAL(read(done, &byte, 1), 1);
}

/* A member that is not followed can be followed later; only that is not "a member already". */
static void follow_later(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), go, done;
	pid_t pid = start_forker(&go, &done);
	struct kview_member_info info = { .size = sizeof(info), .view = kv_view_info(view).id };

	kv_entry(view, counter.prog, FUNCTION);
	kv_member(view, pid);
	fork_once(go, done);
	CHECK_EQUAL(*counter.value, 0);
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
	CHECK_EQUAL(info.flags, KVIEW_MEMBER_ADDED);

	kv_follow(view, pid);
	fork_once(go, done);
	CHECK_EQUAL(*counter.value, FORKER_CALLS);
	CHECK_CALL(ioctl(kv_device(), KVIEW_IOC_MEMBER_INFO, &info));
	CHECK_EQUAL(info.flags, KVIEW_MEMBER_ADDED | KVIEW_MEMBER_FOLLOW);
	CHECK_EQUAL(kv_try_follow(view, pid), -EEXIST);
	CHECK_EQUAL(kv_reason, KVIEW_WHY_ALREADY_MEMBER);
	CHECK_EQUAL(kv_try_member(view, pid), -EEXIST);

	CHECK_EQUAL(kv_try_member_remove(view, pid), 0);
	fork_once(go, done);
	CHECK_EQUAL(*counter.value, FORKER_CALLS);
}

/* A member forks another kind of member: the child is only in the view that follows. */
static void one_of_two_views(void)
{
	struct counter first = counter_new(BPF_PROG_TYPE_KPROBE), second = counter_new(BPF_PROG_TYPE_KPROBE);
	int followed = kv_view(), plain = kv_view(), go, done;
	pid_t pid = start_forker(&go, &done);

	kv_entry(plain, second.prog, FUNCTION);
	kv_entry(followed, first.prog, FUNCTION);
	kv_member(plain, pid);
	kv_follow(followed, pid);
	fork_once(go, done);
	CHECK_EQUAL(*first.value, FORKER_CALLS);
	CHECK_EQUAL(*second.value, 0);
	kv_follow(plain, pid);
	fork_once(go, done);
	CHECK_EQUAL(*first.value, 2 * FORKER_CALLS);
	CHECK_EQUAL(*second.value, FORKER_CALLS);
}

/* The root is taken out; its child, which joined by fork, stays and goes by its own name. */
static void descendants_stay(void)
{
	struct counter counter = counter_new(BPF_PROG_TYPE_KPROBE);
	int view = kv_view(), wake[2], told[2];
	pid_t root, child;
	char byte;

	CHECK_CALL(pipe(go_on));
	CHECK_CALL(pipe(wake));
	CHECK_CALL(pipe(told));
	root = CHECK_CALL(fork());
	if (!root) {
		if (read(go_on[0], &byte, 1) != 1)
			_exit(1);
		child = forker_fork();
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (read(wake[0], &byte, 1) == 1) {
				forker_call();
				if (write(told[1], "x", 1) != 1)
					break;
			}
			_exit(0);
		}
		if (write(told[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		pause();
	}
	kv_entry(view, counter.prog, FUNCTION);
	kv_follow(view, root);
	CHECK_EQUAL(write(go_on[1], "x", 1), 1);
	CHECK_EQUAL(read(told[0], &child, sizeof(child)), sizeof(child));
	CHECK_EQUAL(kv_view_info(view).members, 2);
	CHECK_EQUAL(kv_try_member_remove(view, root), 0);
	CHECK_EQUAL(kv_view_info(view).members, 1);
	CHECK_EQUAL(write(wake[1], "x", 1), 1);
	CHECK_EQUAL(read(told[0], &byte, 1), 1);
	CHECK_EQUAL(*counter.value, FORKER_CALLS);
	CHECK_EQUAL(kv_try_member_remove(view, child), 0);
	CHECK_EQUAL(kv_view_info(view).members, 0);
	CHECK_EQUAL(write(wake[1], "x", 1), 1);
	CHECK_EQUAL(read(told[0], &byte, 1), 1);
	CHECK_EQUAL(*counter.value, FORKER_CALLS);
	CHECK_EQUAL(kv_view_info(view).joined, 2);
	kill(root, SIGKILL);
	test_wait(root);
}

TEST_MAIN(TEST_CASE(follow_later), TEST_CASE(one_of_two_views), TEST_CASE(descendants_stay))
