/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event of `kview trace` as a line for people, or as a JSON record. */
#ifndef KVIEW_CLI_TRACE_PRINT_H
#define KVIEW_CLI_TRACE_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace_event.h"
#include "trace_hooks.h"

struct trace_printer {
	FILE *out;
	bool json;
	const struct trace_hooks *hooks;
	uint64_t start_ns; /* CLOCK_MONOTONIC, from which times are told */
};

/* Print what is @size bytes long. -EPROTO: this is no event. */
int trace_print_event(const struct trace_printer *printer, const struct trace_event *event, size_t size);

/* "ENOENT", also for what the kernel keeps to itself; NULL for a number that is no error. */
const char *trace_error_name(int number);

#endif /* KVIEW_CLI_TRACE_PRINT_H */
