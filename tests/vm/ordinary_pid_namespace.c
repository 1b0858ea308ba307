// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Inside a pid namespace of its own, as in a container, a tracer means the processes that it sees. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "ordinary.h"
#include "ordinary.skel.h"

#define CALLS 500

static void namespaced(enum kview_mode mode)
{
	struct ordinary *skel = ordinary__open_and_load();
	struct kview *view = test_open(mode);
	struct worker member, other;
	struct kview_counts counts;
	struct kview_link *link;

	EXPECT(skel, "the object loads");
	worker_start(&member, 2);
	worker_start(&other, 2);
	EXPECT(!kview_attach_program(view, skel->progs.on_kprobe, NULL, &link), "%s", kview_reason(view));
	EXPECT(!kview_add_pid(view, member.pid), "%s", kview_reason(view));
	worker_begin(&member, CALLS);
	worker_begin(&other, CALLS);
	worker_wait(&member);
	worker_wait(&other);
	EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
	EXPECT_EQUAL(counts.runs, 2 * CALLS);
	worker_end(&member);
	worker_end(&other);
	kview_close(view);
	ordinary__destroy(skel);
}

int main(void)
{
	int status;

	EXPECT(!unshare(CLONE_NEWPID | CLONE_NEWNS), "%m");
	if (!fork()) {
		EXPECT(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "%m");
		EXPECT(!mount("proc", "/proc", "proc", 0, NULL), "%m");
		EXPECT_EQUAL(getpid(), 1);
		return test_modes(namespaced);
	}
	wait(&status);
	return status ? 1 : 0;
}
