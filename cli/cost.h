/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kview cost` has found out, and how it is told: cmd_cost.c collects, cost_json.c and cost_print.c tell. */
#ifndef KVIEW_CLI_COST_H
#define KVIEW_CLI_COST_H

#include <jansson.h>
#include <stdio.h>

#include "cost_measure.h"
#include "cost_programs.h"
#include "cost_views.h"

struct cost_report {
	double seconds; /* of the interval; what is below happened in it */
	struct cost_programs programs;
	struct cost_views views;
	bool measured;
	struct cost_measurement measurement;
};

/*
 * {seconds, members_load, views: [{view, name, owner, members, program, prog_id, kind, hook, hits, missed, skipped, and
 * the times below}], everybody_load, programs: [{id, name, type, holder, places, hits, missed, and the times}], measured}.
 * Times: program_ns, of a hit; hook_ns and hook_instructions, what the hook takes on top, where it was measured; load: of
 * one processor. NULL: out of memory.
 */
json_t *cost_json(const struct cost_report *cost);

/* The same as tables. */
int cost_print(const json_t *json, FILE *out);

#endif /* KVIEW_CLI_COST_H */
