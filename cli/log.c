// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "util/cleanup.h"

#define VERIFIER_LINES 8 /* the instruction it stopped at, its registers, and the complaint */

#define PREFIX "libbpf: "
#define LOG_BEGIN "-- BEGIN PROG LOAD LOG --\n"
#define LOG_END "-- END PROG LOAD LOG --"

static int verbosity;
static char *cause;    /* see log_cause() */
static char *verifier; /* the first verifier log since log_clear() */

static void keep_verifier(const char *text)
{
	const char *begin = strstr(text, LOG_BEGIN), *end = strstr(text, LOG_END);

	if (verifier || !begin || !end)
		return;
	begin += strlen(LOG_BEGIN);
	verifier = strndup(begin, end - begin);
}

/* libbpf tries maps once more without BTF when the kernel refuses them with: that is no failure yet. */
static bool explains_failure(const char *text)
{
	return !strstr(text, "Retrying without BTF");
}

static void keep_cause(const char *text)
{
	if (cause || !explains_failure(text))
		return;
	if (!strncmp(text, PREFIX, strlen(PREFIX)))
		text += strlen(PREFIX);
	cause = strndup(text, strcspn(text, "\n"));
}

static int take_message(enum libbpf_print_level level, const char *fmt, va_list args)
{
	_cleanup_(freep) char *text = NULL;

	if (level != LIBBPF_WARN && (int)level > verbosity)
		return 0;
	if (vasprintf(&text, fmt, args) < 0) {
		text = NULL;
		return 0;
	}
	if (verbosity)
		fputs(text, stderr);
	if (level == LIBBPF_WARN) {
		keep_cause(text);
		keep_verifier(text);
	}
	return 0;
}

void log_init(void)
{
	libbpf_set_print(take_message);
}

void log_set_verbosity(int level)
{
	verbosity = level;
}

void log_clear(void)
{
	free(cause);
	free(verifier);
	cause = NULL;
	verifier = NULL;
}

const char *log_cause(void)
{
	return cause ?: "";
}

/* The verifier closes with statistics, which explain nothing. */
static char *skip_statistics(char *text)
{
	char *statistics = strstr(text, "\nprocessed ");

	if (statistics)
		statistics[1] = '\0';
	return text;
}

/* Where the last @lines lines of @text begin. */
static const char *last_lines(const char *text, int lines)
{
	const char *at = text + strlen(text);

	while (at > text && lines > 0) {
		at--;
		while (at > text && at[-1] != '\n')
			at--;
		lines--;
	}
	return at;
}

void log_print_verifier(void)
{
	const char *line, *end;

	if (!verifier || verbosity)
		return;
	for (line = last_lines(skip_statistics(verifier), VERIFIER_LINES); *line; line = end + (*end == '\n')) {
		end = strchrnul(line, '\n');
		fprintf(stderr, "  %.*s\n", (int)(end - line), line);
	}
}
