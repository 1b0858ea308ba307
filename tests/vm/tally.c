// SPDX-License-Identifier: GPL-2.0-or-later
#include "tally.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "testlib.h"

static const char *const names[TALLY_COUNT] = {
	[TALLY_ROUNDS] = "rounds",
	[TALLY_VIEWS] = "views",
	[TALLY_LINKS] = "links",
	[TALLY_MEMBERS] = "members",
	[TALLY_THREADS] = "members that are threads",
	[TALLY_CGROUPS] = "cgroups of views",
	[TALLY_KILLED] = "tools killed",
	[TALLY_STARTED] = "processes started",
	[TALLY_KPROBES] = "kprobes",
	[TALLY_FENTRIES] = "fentries",
	[TALLY_TRACERS] = "tracers",
	[TALLY_KEYS] = "static keys",
	[TALLY_TRACEPOINTS] = "tracepoints",
	[TALLY_HOTPLUGS] = "processors gone and come",
	[TALLY_LOADS] = "modules loaded",
	[TALLY_MOVES] = "moves to another cgroup",
	[TALLY_RELOADS] = "times kview.ko was replaced",
};

static atomic_ulong *counts;

void tally_init(void)
{
	counts = mmap(NULL, TALLY_COUNT * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(counts != MAP_FAILED);
}

void tally(enum tally what)
{
	counts[what]++;
}

unsigned long tally_of(enum tally what)
{
	return counts[what];
}

void tally_report(void)
{
	for (int i = 0; i < TALLY_COUNT; i++) {
		if (tally_of(i))
			test_note("%8lu %s", tally_of(i), names[i]);
	}
}
