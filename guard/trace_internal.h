/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of traces share. */
#ifndef GUARD_TRACE_INTERNAL_H
#define GUARD_TRACE_INTERNAL_H

#include "guard/trace.h"

/* Text that is being read, line by line. */
struct guard_reader {
	const char *at, *end;
	size_t line;
	struct guard_names *names;
	guard_trace_fn fn;
	void *data;
	struct guard_trace_error *error;
};

/* "line N: expected EXPECTED"; returns -EINVAL. */
int guard_reader_fail(struct guard_reader *reader, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Skip blanks, but no line break. */
static inline void guard_reader_blanks(struct guard_reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
}

/* A decimal number up to @max at the place of reading: 0, or -EINVAL without moving. */
static inline int guard_reader_number(struct guard_reader *reader, uint32_t max, uint32_t *ret_number)
{
	const char *at = reader->at;
	uint64_t number = 0;

	while (at < reader->end && *at >= '0' && *at <= '9' && number <= max)
		number = number * 10 + (*at++ - '0');
	if (at == reader->at || number > max)
		return -EINVAL;
	reader->at = at;
	*ret_number = number;
	return 0;
}

int guard_strace_read(struct guard_reader *reader);

#endif /* GUARD_TRACE_INTERNAL_H */
