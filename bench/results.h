/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was measured: one JSON line each as it comes, and tables at the end. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "calls.h"
#include "insns.h"

struct results;

/* One measurement. Strings are constants. */
struct result {
	enum call call;
	const char *method;
	const char *kind; /* of hook; NULL: none */
	const char *program;
	size_t hooks, programs;
	unsigned int hits;	/* how often one call meets the hooks */
	struct sample sample;	/* unless */
	int error;		/* it could not be done: negative errno */
};

/* @file: append the lines there; may be NULL. */
int results_open(const char *file, struct results **ret_results);
void results_close(struct results *results);

int results_add(struct results *results, const struct result *result);

/* One JSON line of any other kind: the part after the kernel's name, without the closing brace. */
void results_print(struct results *results, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Instructions of @call without anything; 0 before they were measured. */
double results_bare(const struct results *results, enum call call);

/* Every "module" and "kview-other" row, and "none-again", equals "none" to the digit. */
bool results_nothing_paid(const struct results *results);

/* For those who read them. */
void results_table_untraced(const struct results *results, FILE *out);
void results_table_traced(const struct results *results, FILE *out);

#endif
