// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Functions that interrupts call: the program does not run for the member that happens to be interrupted. */
#include <sys/syscall.h>

#include "ordinary.h"
#include "ordinary.skel.h"

static void interrupted(enum kview_mode mode)
{
	static const char *const names[] = { "hrtimer_interrupt", "__x64_sys_getpgid" };
	struct ordinary *skel = ordinary__open_and_load();
	struct kview *view = test_open(mode);
	struct kview_counts counts;
	struct kview_link *link;
	struct worker worker;

	EXPECT(skel, "the object loads");
	EXPECT(!kview_attach_entries(view, bpf_program__fd(skel->progs.on_kprobe), names, NULL, 2, &link), "%s",
	       kview_reason(view));
	worker_start(&worker, 2);
	EXPECT(!kview_add_pid(view, worker.pid), "%s", kview_reason(view));
	for (uint64_t calls = 2 * 20000; calls <= 50 * 2 * 20000; calls += 2 * 20000) { /* until it has met an interrupt */
		worker_begin(&worker, 20000);
		worker_wait(&worker);
		EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
		/* An interrupt that comes while the program runs for getpgid() is missed, not skipped. */
		EXPECT(counts.runs <= calls && counts.runs + counts.missed >= calls, "%llu runs, %llu missed: %llu calls",
		       (unsigned long long)counts.runs, (unsigned long long)counts.missed, (unsigned long long)calls);
		if (counts.skipped)
			break;
	}
	EXPECT(counts.skipped > 0, "interrupts came");
	worker_end(&worker);
	kview_close(view);
	ordinary__destroy(skel);
}

int main(void)
{
	return test_modes(interrupted);
}
