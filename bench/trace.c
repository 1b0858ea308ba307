// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "subject.h"
#include "util/cleanup.h"

#define TRACEFS "/sys/kernel/tracing/"

/* O_TRUNC empties the files for which that means something. */
static int put(const char *file, const char *format, ...)
{
	_cleanup_(closep) int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	va_list args;
	int len;

	if (fd < 0)
		return -errno;
	va_start(args, format);
	len = vdprintf(fd, format, args);
	va_end(args);
	return len < 0 ? -errno : 0;
}

int trace_start(struct subject *subject)
{
	int err = put(TRACEFS "tracing_on", "0");

	if (!err)
		err = put(TRACEFS "set_ftrace_pid", "%d", subject_pid(subject));
	return err ?: put(TRACEFS "current_tracer", "function");
}

void trace_stop(void)
{
	put(TRACEFS "current_tracer", "nop");
	put(TRACEFS "set_ftrace_pid", "\n");
	put(TRACEFS "tracing_on", "1");
}

static void count_function(struct trace *trace, const char *name)
{
	size_t i = 0;

	while (i < trace->count && strcmp(trace->functions[i].name, name))
		i++;
	if (i == TRACE_MAX)
		return;
	if (i == trace->count) {
		snprintf(trace->functions[i].name, FUNCTION_LEN, "%s", name);
		trace->count++;
	}
	trace->functions[i].count++;
}

/* A line: "            bench-170     [000] d.h1.    12.345678: some_function <-its_caller" */
static bool parse_line(const char *line, char name[FUNCTION_LEN])
{
	char flags[8];

	if (sscanf(line, " %*s [%*u] %7s %*s %63s <-", flags, name) != 2)
		return false;
	/* The third flag tells interrupts. */
	return strlen(flags) > 2 && flags[2] == '.';
}

static void read_lines(FILE *file, struct trace *trace)
{
	char line[512], name[FUNCTION_LEN];
	bool inside = false;

	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, SUBJECT_BEGIN))
			inside = true;
		else if (strstr(line, SUBJECT_END))
			inside = false;
		else if (inside && parse_line(line, name))
			count_function(trace, name);
	}
}

int trace_walk(struct subject *subject, enum call call, struct trace *ret_trace)
{
	_cleanup_(fclosep) FILE *file = NULL;
	int err = put(TRACEFS "trace", " ");

	if (!err)
		err = put(TRACEFS "tracing_on", "1");
	if (!err)
		err = subject_walk(subject, call);
	put(TRACEFS "tracing_on", "0");
	file = fopen(TRACEFS "trace", "re");
	if (err || !file)
		return err ?: -errno;
	ret_trace->count = 0;
	read_lines(file, ret_trace);
	return 0;
}
