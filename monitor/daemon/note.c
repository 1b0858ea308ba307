// SPDX-License-Identifier: GPL-2.0-or-later
#include "note.h"

#include <stdarg.h>
#include <stdio.h>

void monitor_note(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	fprintf(stderr, "kview-monitord: %s\n", line);
}
