// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/trace.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "guard/trace_internal.h"

#define PID_MAX UINT32_MAX

static const char *const format_names[] = { "auto", "pairs", "list", "strace" };

const char *guard_trace_format_name(enum guard_trace_format format)
{
	return (size_t)format < sizeof(format_names) / sizeof(format_names[0]) ? format_names[format] : NULL;
}

int guard_trace_format_parse(const char *word, enum guard_trace_format *ret_format)
{
	size_t i;

	for (i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++) {
		if (strcmp(word, format_names[i]))
			continue;
		*ret_format = i;
		return 0;
	}
	return -EINVAL;
}

int guard_reader_fail(struct guard_reader *reader, const char *fmt, ...)
{
	va_list args;

	reader->error->line = reader->line;
	va_start(args, fmt);
	vsnprintf(reader->error->why, sizeof(reader->error->why), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* To the next thing on this line or a later one. False at the end of the text. */
static bool skip_space(struct guard_reader *reader)
{
	for (; reader->at < reader->end; reader->at++) {
		if (*reader->at == '\n')
			reader->line++;
		else if (*reader->at != ' ' && *reader->at != '\t' && *reader->at != '\r')
			return true;
	}
	return false;
}

/* A number that is followed by white space or the end. */
static int read_call(struct guard_reader *reader, uint32_t *ret_number)
{
	if (guard_reader_number(reader, GUARD_TRACE_NUMBER_MAX, ret_number) ||
	    (reader->at < reader->end && !strchr(" \t\r\n", *reader->at)))
		return guard_reader_fail(reader, "expected the number of a system call, 0 to %d",
					 GUARD_TRACE_NUMBER_MAX);
	return 0;
}

static int read_pairs(struct guard_reader *reader)
{
	struct guard_trace_event event = { .kind = GUARD_TRACE_CALL };
	const char *before;
	int err;

	while (skip_space(reader)) {
		if (guard_reader_number(reader, PID_MAX, &event.pid))
			return guard_reader_fail(reader, "expected a process id and the number of a system call");
		before = reader->at;
		guard_reader_blanks(reader);
		if (reader->at == before)
			return guard_reader_fail(reader, "expected a process id and the number of a system call");
		err = read_call(reader, &event.number);
		if (err)
			return err;
		guard_reader_blanks(reader);
		if (reader->at < reader->end && *reader->at != '\n')
			return guard_reader_fail(reader,
						 "expected the end of the line after process id and system call");
		err = reader->fn(&event, reader->data);
		if (err)
			return err;
	}
	return 0;
}

static int read_list(struct guard_reader *reader)
{
	struct guard_trace_event event = { .kind = GUARD_TRACE_CALL, .pid = 1 };
	int err;

	while (skip_space(reader)) {
		err = read_call(reader, &event.number);
		if (!err)
			err = reader->fn(&event, reader->data);
		if (err)
			return err;
	}
	return 0;
}

/* Two numbers on the first line: pairs; other numbers: a list; words: strace. */
static enum guard_trace_format recognize(struct guard_reader reader)
{
	uint32_t number;
	int count = 0;

	if (!skip_space(&reader))
		return GUARD_TRACE_LIST;
	while (count < 3 && !guard_reader_number(&reader, PID_MAX, &number)) {
		guard_reader_blanks(&reader);
		count++;
	}
	if (reader.at < reader.end && *reader.at != '\n' && count < 3)
		return GUARD_TRACE_STRACE;
	return count == 2 ? GUARD_TRACE_PAIRS : GUARD_TRACE_LIST;
}

int guard_trace_read(const char *text, size_t len, enum guard_trace_format format, struct guard_names *names,
		     guard_trace_fn fn, void *data, struct guard_trace_error *ret_error)
{
	struct guard_reader reader = {
		.at = text,
		.end = text + len,
		.line = 1,
		.names = names,
		.fn = fn,
		.data = data,
		.error = ret_error,
	};

	if (format == GUARD_TRACE_AUTO)
		format = recognize(reader);
	switch (format) {
	case GUARD_TRACE_PAIRS:
		return read_pairs(&reader);
	case GUARD_TRACE_LIST:
		return read_list(&reader);
	default:
		return guard_strace_read(&reader);
	}
}
