/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ftrace's function tracer, looking at one process. */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stddef.h>

#include "paths.h"

struct subject;

#define TRACE_MAX 512 /* different functions of one walk; the longest passes about 200 */

/* Functions in the order they were first seen. */
struct trace {
	struct {
		char name[FUNCTION_LEN];
		unsigned int count;
	} functions[TRACE_MAX];
	size_t count;
};

int trace_start(struct subject *subject);
void trace_stop(void);

/* What @subject passes in subject_walk(). */
int trace_walk(struct subject *subject, enum call call, struct trace *ret_trace);

#endif
