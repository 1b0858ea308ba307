/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often what has happened, told by all processes: what leaves so much to chance has to show that it did something. */
#ifndef TESTS_VM_TALLY_H
#define TESTS_VM_TALLY_H

enum tally {
	TALLY_ROUNDS,
	TALLY_VIEWS,
	TALLY_LINKS,
	TALLY_MEMBERS,
	TALLY_THREADS,
	TALLY_CGROUPS,
	TALLY_KILLED,
	TALLY_STARTED,
	TALLY_KPROBES,
	TALLY_FENTRIES,
	TALLY_TRACERS,
	TALLY_KEYS,
	TALLY_TRACEPOINTS,
	TALLY_HOTPLUGS,
	TALLY_LOADS,
	TALLY_MOVES,
	TALLY_RELOADS,
	TALLY_COUNT
};

/* Begin to count; before the processes are forked that are to be heard. */
void tally_init(void);

void tally(enum tally what);
unsigned long tally_of(enum tally what);

/* A note for each that has happened at all. */
void tally_report(void);

#endif
