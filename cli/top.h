/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kview top`: what kview-monitord has measured, as rates of its targets. */
#ifndef KVIEW_CLI_TOP_H
#define KVIEW_CLI_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "monitor/probes/sample.h"
#include "options.h"

struct top_options {
	struct cli_options shared; /* first: see cli_parse() */
	const char *address;
	double delay;	      /* seconds */
	unsigned long frames; /* 0: until it is ended */
	bool batch;
	int sort; /* a column, see top_row.c */
	bool ascending;
};

int top_run(struct top_options *options);

/* --- what the daemon has told at one moment ------------------------------------------------------------------------ */

#define TOP_NAME 40

/* Sums that only grow, and numbers of now. NAN: the daemon has not told. */
enum top_value {
	TOP_CPU, /* seconds, as the next two */
	TOP_QUEUE,
	TOP_OFF,
	TOP_FAULTS, /* minor and major */
	TOP_REQUESTS,
	TOP_ERRORS, /* answered by 5xx */
	TOP_SENT,   /* bytes */
	TOP_RECEIVED,
	TOP_RETRANSMITS,
	TOP_GC, /* seconds */
	TOP_SUMS,
	TOP_PROCESSES = TOP_SUMS,
	TOP_RESIDENT,
	TOP_SESSIONS,
	TOP_VALUES,
};

struct top_target {
	char name[TOP_NAME];
	double values[TOP_VALUES];
	double slots[MONITOR_SLOTS]; /* of the requests' times */
};

struct top_snapshot {
	double time; /* seconds since 1970, by the daemon's clock */
	struct top_target *targets;
	size_t count;
};

/* Read the lines of /metrics.json. -EBADMSG: they are no such lines; -ENOMEM. */
int top_snapshot_read(FILE *in, struct top_snapshot *ret_snapshot);
void top_snapshot_deinit(struct top_snapshot *snapshot);

/* Ask the daemon that listens at @address ("HOST:PORT"). @why (its size) tells what has gone wrong. */
int top_fetch(const char *address, struct top_snapshot *ret_snapshot, char *why, size_t size);

/* --- what has happened between two of them ------------------------------------------------------------------------- */

#define TOP_COLUMNS 16

struct top_row {
	char name[TOP_NAME];
	double columns[TOP_COLUMNS]; /* as they are shown; the first is the name's place. NAN: nothing is known */
};

struct top_rows {
	struct top_row *rows;
	size_t count;
};

/* Of every target that is in @after; rates of those that were not in @before are not known. -ENOMEM */
int top_rows_new(const struct top_snapshot *before, const struct top_snapshot *after, struct top_rows *ret_rows);
void top_rows_deinit(struct top_rows *rows);
void top_rows_sort(struct top_rows *rows, int column, bool ascending);

/* The column whose name (in any case) is @name; -EINVAL. */
int top_column(const char *name);
const char *top_column_name(int column);

/* Columns in which nothing is known are left out, but for @needed; -1: all are needed. */
int top_rows_print(const struct top_rows *rows, int needed, FILE *out);
json_t *top_rows_describe(const struct top_rows *rows, double time, double seconds);

#endif /* KVIEW_CLI_TOP_H */
