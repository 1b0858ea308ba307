/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event of `kview trace` as a line for people, or as a JSON record. */
#ifndef KVIEW_CLI_TRACE_PRINT_H
#define KVIEW_CLI_TRACE_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace_shown.h"

struct trace_printer {
	FILE *out;
	bool json;
	const struct trace_hooks *hooks;
	uint64_t start_ns; /* CLOCK_MONOTONIC, from which times are told */
};

/* Print what is @size bytes long. -EPROTO: this is no event. */
int trace_print_event(const struct trace_printer *printer, const struct trace_event *event, size_t size);

/* When it began. */
double trace_printer_seconds(const struct trace_printer *printer, const struct trace_event *event);

/* trace_json.c: the second way to print. */
int trace_print_json(const struct trace_printer *printer, const struct trace_shown *shown);

#endif /* KVIEW_CLI_TRACE_PRINT_H */
