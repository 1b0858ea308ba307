/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms whose slot i counts values from 2^i up to 2^(i+1) - 1; slot 0 counts 0 and 1. */
#ifndef KVIEW_CLI_HISTOGRAM_H
#define KVIEW_CLI_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_SLOTS 64 /* a slot for each bit of a 64-bit value */

/* The longest line: three bytes of UTF-8 for each slot. */
#define HISTOGRAM_LINE_LEN (3 * HISTOGRAM_SLOTS + 1)

struct histogram {
	uint64_t slots[HISTOGRAM_SLOTS];
};

/* The slots that are worth showing: from the first to before the last that counts something. */
struct histogram_range {
	size_t from, to;
};

/* Does something of this name hold a histogram? Names end in hist or slots, or begin with log2. */
bool histogram_has_name(const char *name);

/* Make @range, {} at first, wide enough for @histogram, too. */
void histogram_widen(struct histogram_range *range, const struct histogram *histogram);

/* Print a line with a bar for each slot. Units are read off @name: lat_us_hist has microseconds. */
void histogram_print(FILE *out, const char *name, const struct histogram *histogram);

/* The same in one line, a character per slot of @range. */
const char *histogram_line(char buf[HISTOGRAM_LINE_LEN], struct histogram_range range, const struct histogram *histogram);

/* A title for such lines, "LAT_US 1.02 ms..16.4 ms". */
void histogram_title(char *buf, size_t size, const char *name, struct histogram_range range);

#endif /* KVIEW_CLI_HISTOGRAM_H */
