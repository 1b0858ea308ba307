// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* A process that gets the pid of a member that has ended is no member, and can become one. */
#include "ordinary.h"
#include "ordinary.skel.h"

#define CALLS 100

static void next_pid(pid_t pid)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");

	EXPECT(file, "%m");
	fprintf(file, "%d", pid - 1);
	fclose(file);
}

/* Somebody else can take the pid first. */
static void start_as(struct worker *worker, pid_t pid)
{
	for (int tries = 0; tries < 100; tries++) {
		next_pid(pid);
		worker_start(worker, 1);
		if (worker->pid == pid)
			return;
		worker_end(worker);
	}
	EXPECT(false, "pid %d is given out again", pid);
}

static unsigned long long runs(struct kview_link *link)
{
	struct kview_counts counts;

	EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
	return counts.runs;
}

static void call(struct worker *worker)
{
	worker_begin(worker, CALLS);
	worker_wait(worker);
}

static void pid_reuse(enum kview_mode mode)
{
	struct ordinary *skel = ordinary__open_and_load();
	struct kview *view = test_open(mode);
	struct worker first, second;
	struct kview_link *link;

	EXPECT(skel, "the object loads");
	EXPECT(!kview_attach_program(view, skel->progs.on_kprobe, NULL, &link), "%s", kview_reason(view));
	worker_start(&first, 1);
	EXPECT(!kview_add_pid(view, first.pid), "%s", kview_reason(view));
	call(&first);
	EXPECT_EQUAL(runs(link), CALLS);
	usleep(50 * 1000); /* start times are in ticks of 10 ms */
	worker_end(&first);

	start_as(&second, first.pid);
	call(&second);
	EXPECT_EQUAL(runs(link), CALLS);
	EXPECT(!kview_add_pid(view, second.pid), "%s", kview_reason(view));
	call(&second);
	EXPECT_EQUAL(runs(link), 2 * CALLS);
	EXPECT(!kview_remove_pid(view, second.pid), "%s", kview_reason(view));
	call(&second);
	EXPECT_EQUAL(runs(link), 2 * CALLS);
	worker_end(&second);
	kview_close(view);
	ordinary__destroy(skel);
}

int main(void)
{
	return test_modes(pid_reuse);
}
