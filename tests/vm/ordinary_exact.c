// SPDX-License-Identifier: GPL-2.0-or-later
// vm:
/* Each kind of hook counts every call of the members, in all their threads, and none of other processes. */
#include <bpf/bpf.h>

#include "ordinary.h"
#include "ordinary_record.h"
#include "ordinary.skel.h"

#define WORKERS 6 /* every second one is a member */
#define THREADS 3
#define CALLS 2000

static void check_seen(int fd, const struct worker *workers)
{
	for (int i = 0; i < WORKERS; i++) {
		uint32_t pid = workers[i].pid;
		struct seen seen = {};

		bpf_map_lookup_elem(fd, &pid, &seen);
		for (int kind = 0; kind < SEEN_KINDS; kind++)
			EXPECT(seen.hits[kind] == (i % 2 ? 0 : THREADS * CALLS), "worker %d, program %d: %llu", i, kind,
			       seen.hits[kind]);
	}
}

static int check_link(struct kview_link *link, void *data)
{
	unsigned long long expected = *(unsigned long long *)data;
	struct kview_counts counts;

	EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
	EXPECT_EQUAL(counts.missed, 0);
	if (strstr(kview_link_section(link), "raw"))
		EXPECT(counts.runs >= expected, "%s: %llu", kview_link_section(link), (unsigned long long)counts.runs);
	else
		EXPECT(counts.runs == expected, "%s: %llu", kview_link_section(link), (unsigned long long)counts.runs);
	return 0;
}

/* What the others paid is what they called. */
static int check_rejected(struct kview_link *link, void *data)
{
	unsigned long long expected = *(unsigned long long *)data;
	struct kview_counts counts;

	EXPECT_EQUAL(kview_link_counts(link, &counts), 0);
	EXPECT(counts.rejected >= expected, "%s: %llu", kview_link_section(link), (unsigned long long)counts.rejected);
	return 0;
}

static void exact(enum kview_mode mode)
{
	unsigned long long inside = WORKERS / 2 * THREADS * CALLS, outside = mode == KVIEW_MODE_VIEW ? 0 : inside;
	struct worker workers[WORKERS];
	struct kview *view = test_open(mode);
	struct ordinary *skel = ordinary__open_and_load();
	size_t count;

	EXPECT(skel, "the object loads");
	for (int i = 0; i < WORKERS; i++)
		worker_start(&workers[i], THREADS);
	EXPECT(!kview_attach_object(view, skel->obj, &count), "%s", kview_reason(view));
	EXPECT_EQUAL(count, SEEN_KINDS);
	for (int i = 0; i < WORKERS; i += 2)
		EXPECT(!kview_add_pid(view, workers[i].pid), "%s", kview_reason(view));
	for (int i = 0; i < WORKERS; i++)
		worker_begin(&workers[i], CALLS);
	for (int i = 0; i < WORKERS; i++)
		worker_wait(&workers[i]);
	check_seen(bpf_map__fd(skel->maps.seen), workers);
	kview_each_link(view, check_link, &inside);
	kview_each_link(view, check_rejected, &outside);
	kview_close(view);

	/* After the end nobody is seen. */
	for (int i = 0; i < WORKERS; i++)
		worker_begin(&workers[i], CALLS);
	for (int i = 0; i < WORKERS; i++)
		worker_wait(&workers[i]);
	check_seen(bpf_map__fd(skel->maps.seen), workers);
	for (int i = 0; i < WORKERS; i++)
		worker_end(&workers[i]);
	ordinary__destroy(skel);
}

int main(void)
{
	return test_modes(exact);
}
