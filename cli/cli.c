// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

int cli_exit_code(int err)
{
	switch (-err) {
	case 0:
		return CLI_OK;
	case EPERM:
	case EACCES:
	case ENODEV:
	case ENOSYS:
	case EOPNOTSUPP:
	case EPROTO:
		return CLI_UNSUPPORTED;
	default:
		return CLI_FAILED;
	}
}

/* In one write: others print to the same terminal. */
static void print_line(const char *fmt, va_list args, const char *why)
{
	_cleanup_(freep) char *line = NULL;

	if (vasprintf(&line, fmt, args) < 0)
		line = NULL;
	fflush(stdout);
	fprintf(stderr, "kview: %s%s%s\n", line ?: fmt, why ? ": " : "", why ?: "");
}

int cli_fail(int err, const char *why, const char *what_fmt, ...)
{
	va_list args;

	va_start(args, what_fmt);
	print_line(what_fmt, args, why && *why ? why : strerror(-err));
	va_end(args);
	return cli_exit_code(err);
}

int cli_refused(int err, const char *reason, const char *what_fmt, ...)
{
	va_list args;

	va_start(args, what_fmt);
	if (reason && *reason)
		cli_note("%s", reason);
	else
		print_line(what_fmt, args, strerror(-err));
	va_end(args);
	return cli_exit_code(err);
}

void cli_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(fmt, args, NULL);
	va_end(args);
}

void cli_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(fmt, args, NULL);
	va_end(args);
	exit(CLI_USAGE);
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t min = a < b ? a : b;

	return min < c ? min : c;
}

/* Edit distance of two words: insertions, deletions, replacements. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], diagonal, above, i, j, width = strlen(b);

	if (width >= sizeof(row) / sizeof(row[0]))
		return width;
	for (j = 0; j <= width; j++)
		row[j] = j;
	for (i = 1; a[i - 1]; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= width; j++) {
			above = row[j];
			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[width];
}

const char *cli_near_match(const char *word, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t i, d, best_distance = 3; /* two slips of the finger at most */

	for (i = 0; i < count; i++) {
		d = strncmp(names[i], word, strlen(word)) ? distance(word, names[i]) : 1;
		if (*word && d < best_distance) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
