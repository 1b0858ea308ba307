/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kview-monitord answers to GET /metrics, read: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef KVIEW_MONITOR_PMDA_EXPOSITION_H
#define KVIEW_MONITOR_PMDA_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"

#define EXPOSITION_LABELS 8	 /* of one sample */
#define EXPOSITION_BOUND "bound" /* the label of a bucket that holds its upper bound; the last one */

enum exposition_type {
	EXPOSITION_COUNTER,
	EXPOSITION_GAUGE,
	EXPOSITION_HISTOGRAM,
	EXPOSITION_TYPES,
};

enum exposition_part {
	EXPOSITION_VALUE, /* all there is of a counter or a gauge */
	EXPOSITION_COUNT,
	EXPOSITION_SUM,
	EXPOSITION_BUCKET, /* what lies between the bound below and this one, not all that lies below it */
};

struct exposition_label {
	const char *name, *value;
};

struct exposition_family {
	const char *name;
	const char *help; /* "": there is none */
	enum exposition_type type;
	const struct exposition_label *labels; /* of its first sample, but for the bound: all have the same names */
	size_t label_count;
};

struct exposition_number {
	double real;
	uint64_t whole; /* the same, where it is_whole */
	bool is_whole;
};

struct exposition_sample {
	struct exposition_sample *next; /* for whoever keeps them */
	size_t family;			/* which of the families; it has samples, then */
	enum exposition_part part;
	size_t label_count;
	struct exposition_label labels[EXPOSITION_LABELS];
	struct exposition_number number;
};

struct exposition {
	char *text; /* what all of it points into */
	struct exposition_family *families;
	struct exposition_sample *samples; /* those of a family are together; buckets that hold nothing are left out */
	size_t family_count, sample_count;
};

/*
 * Read @text, which is taken over whatever the result is. -ENOMEM; -EBADMSG: *ret_line is the line that cannot be
 * understood, from 1 on.
 */
int exposition_read(char *text, struct exposition **ret_exposition, size_t *ret_line);
void exposition_free(struct exposition *exposition);
DEFINE_CLEANUP(struct exposition *, exposition_free)

/* "counter", "gauge", "histogram"; EXPOSITION_TYPES: none of them. */
const char *exposition_type_name(enum exposition_type type);
enum exposition_type exposition_type_find(const char *name);

#endif /* KVIEW_MONITOR_PMDA_EXPOSITION_H */
