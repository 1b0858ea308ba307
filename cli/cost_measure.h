/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hooks cost here and now, apart from the programs behind them: measured by a process of our own that makes one
 * system call or another again and again, with and without an empty program at each kind of hook that these pass.
 */
#ifndef KVIEW_CLI_COST_MEASURE_H
#define KVIEW_CLI_COST_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

/* Where an empty program was, and for whom. */
enum cost_way {
	COST_WAY_ORDINARY, /* attached by the kernel: everybody has it */
	COST_WAY_MEMBER,   /* in a view the measured process is a member of */
	COST_WAY_OTHER,	   /* in a view of another process */
};

struct cost_price {
	double ns;
	double instructions; /* NAN: not counted */
};

/* What a system call takes more than without it. */
struct cost_hook {
	enum cost_way way;
	const char *place; /* "kprobe", "raw_tp/sys_enter", ...; for COST_WAY_OTHER "all of these" */
	struct cost_price price;
	bool measured; /* false: it cannot be attached here */
};

#define COST_HOOKS 32

struct cost_measurement {
	struct cost_price call; /* getpgid() as it is now: with whatever others have attached */
	double noise_ns; /* what two measurements of the same differed by */
	int counter; /* 0, or why instructions were not counted: negative errno */
	struct cost_hook hooks[COST_HOOKS];
	size_t count;
};

/* Takes a second or two. Prints what is wrong and returns an exit code. */
int cost_measure(struct cost_measurement *ret_measurement);

/* What was measured at hooks of this kind; NULL: nothing. */
const struct cost_hook *cost_measured(const struct cost_measurement *measurement, enum cost_way way, const char *place);

#endif /* KVIEW_CLI_COST_MEASURE_H */
