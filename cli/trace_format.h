/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of an event's record, as tracefs declares them. */
#ifndef KVIEW_CLI_TRACE_FORMAT_H
#define KVIEW_CLI_TRACE_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

/* A declaration, split: "const char *" and "filename"; of "char comm[16]" the type is "char[16]". */
struct trace_field {
	char type[64];
	char name[64];
	unsigned int offset;
	unsigned int size;
	bool is_signed;
};

/* @event: "sched/sched_switch". NULL: there is none, or tracefs is not mounted. */
FILE *trace_format_open(const char *event);

/* False past the last field. */
bool trace_format_next(FILE *format, struct trace_field *ret_field);

#endif /* KVIEW_CLI_TRACE_FORMAT_H */
