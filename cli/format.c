// SPDX-License-Identifier: GPL-2.0-or-later
#include "format.h"

#include <stdio.h>

/* @value, at least 1 and below about 1000, with three digits that count. */
static int decimals(double value)
{
	return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

static const char *scale(char buf[FORMAT_LEN], uint64_t number, unsigned int step, const char *const *units)
{
	double value = number;

	if (number < step) {
		snprintf(buf, FORMAT_LEN, "%u %s", (unsigned int)number, units[0]);
		return buf;
	}
	do {
		value /= step;
		units++;
	} while (value >= step - 0.5 && units[1]);
	snprintf(buf, FORMAT_LEN, "%.*f %s", decimals(value), value, units[0]);
	return buf;
}

const char *format_ns(char buf[FORMAT_LEN], uint64_t ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s", NULL};

	return scale(buf, ns, 1000, units);
}

const char *format_bytes(char buf[FORMAT_LEN], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", NULL};

	return scale(buf, bytes, 1024, units);
}

const char *format_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}
