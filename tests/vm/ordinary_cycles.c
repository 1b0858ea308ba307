// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
// timeout: 120
/* Attaching, detaching, joining and leaving under load: no call is counted twice, none of others, nothing is left. */
#include <bpf/bpf.h>

#include "ordinary.h"
#include "ordinary.skel.h"
#include "ordinary_record.h"

#define WORKERS 4 /* every second one is a member */
#define THREADS 2
#define CALLS 20000 /* in each cycle */
#define CYCLES 10

static unsigned long long seen_by(struct ordinary *skel, pid_t pid, int kind)
{
	struct seen seen = {};
	uint32_t key = pid;

	bpf_map_lookup_elem(bpf_map__fd(skel->maps.seen), &key, &seen);
	return seen.hits[kind];
}

/* In between, one member leaves and comes back. */
static unsigned long long cycle(enum kview_mode mode, struct ordinary *skel, struct worker *workers)
{
	struct kview *view = test_open(mode);
	struct kview_counts counts;
	struct kview_link *link;

	EXPECT(!kview_attach_program(view, skel->progs.on_kprobe, NULL, &link), "%s", kview_reason(view));
	EXPECT(!kview_attach_program(view, skel->progs.on_raw_enter, NULL, NULL), "%s", kview_reason(view));
	for (int i = 0; i < WORKERS; i += 2)
		EXPECT(!kview_add_pid(view, workers[i].pid), "%s", kview_reason(view));
	for (int i = 0; i < WORKERS; i++)
		worker_begin(&workers[i], CALLS);
	usleep(2000);
	EXPECT(!kview_attach_program(view, skel->progs.on_tp_exit, NULL, NULL), "%s", kview_reason(view));
	EXPECT(!kview_remove_pid(view, workers[0].pid), "%s", kview_reason(view));
	EXPECT(!kview_add_pid(view, workers[0].pid), "%s", kview_reason(view));
	usleep(2000);
	for (int i = 0; i < WORKERS; i += 2)
		EXPECT(!kview_remove_pid(view, workers[i].pid), "%s", kview_reason(view));
	usleep(2000); /* a program that was running may still have to be counted */
	EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
	kview_close(view);
	return counts.runs;
}

static void check_seen(struct ordinary *skel, const struct worker *workers, unsigned long long expected)
{
	unsigned long long seen = 0, hits;

	for (int i = 0; i < WORKERS; i++) {
		seen += seen_by(skel, workers[i].pid, SEEN_KPROBE);
		for (int kind = 0; kind < SEEN_KINDS; kind++) {
			hits = seen_by(skel, workers[i].pid, kind);
			EXPECT(i % 2 ? hits == 0 : hits <= CYCLES * THREADS * CALLS, "worker %d, program %d: %llu", i,
			       kind, hits);
		}
	}
	EXPECT_EQUAL(seen, expected);
	EXPECT(seen > 0, "there was load");
}

static void cycles(enum kview_mode mode)
{
	struct ordinary *skel = ordinary__open_and_load();
	struct worker workers[WORKERS];
	unsigned long long runs = 0;

	EXPECT(skel, "the object loads");
	for (int i = 0; i < WORKERS; i++)
		worker_start(&workers[i], THREADS);
	for (int cycles = 0; cycles < CYCLES; cycles++) {
		runs += cycle(mode, skel, workers);
		for (int i = 0; i < WORKERS; i++)
			worker_wait(&workers[i]);
	}
	check_seen(skel, workers, runs);
	for (int i = 0; i < WORKERS; i++)
		worker_end(&workers[i]);
	ordinary__destroy(skel);
}

int main(void)
{
	return test_modes(cycles);
}
