/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event with what is known of its hook: values of arguments and results, for lines and for JSON. */
#ifndef KVIEW_CLI_TRACE_SHOWN_H
#define KVIEW_CLI_TRACE_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace_event.h"
#include "trace_hooks.h"

struct trace_shown {
	const struct trace_event *event;
	const struct trace_hook *hook;
};

/* A text that was read with the event. */
struct trace_shown_text {
	const char *bytes; /* NULL: there is none */
	size_t length;
	bool buffer; /* with a length of its own */
	bool cut;
};

/* Argument @index as text, if it is one that could be read. */
struct trace_shown_text trace_shown_text(const struct trace_shown *shown, size_t index);

/* Its value, of which the lowest bytes count: as many as it has. */
uint64_t trace_shown_value(const struct trace_shown *shown, size_t index);
int64_t trace_signed(const struct trace_param *param, uint64_t value);
uint64_t trace_unsigned(const struct trace_param *param, uint64_t value);

/* An array, in the order of memory, as "c0a80001". */
void trace_shown_bytes(FILE *out, const struct trace_shown *shown, const struct trace_param *param);

/* The errno a result stands for; 0: it is no error. */
int trace_shown_error(const struct trace_shown *shown);

/* Is the result easier to read in hexadecimal? */
bool trace_shown_is_address(const struct trace_shown *shown);

/* "ENOENT", also for what the kernel keeps to itself; NULL for a number that is no error. */
const char *trace_error_name(int number);

#endif /* KVIEW_CLI_TRACE_SHOWN_H */
