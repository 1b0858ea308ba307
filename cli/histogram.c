// SPDX-License-Identifier: GPL-2.0-or-later
#include "histogram.h"

#include <ctype.h>
#include <inttypes.h>
#include <langinfo.h>
#include <string.h>

#include "format.h"

#define BAR_WIDTH 40
#define LEVELS 8 /* heights of a slot in a line */

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length >= end_length && !strcmp(name + length - end_length, end);
}

bool histogram_has_name(const char *name)
{
	return ends_with(name, "hist") || ends_with(name, "slots") || !strncmp(name, "log2", strlen("log2"));
}

void histogram_widen(struct histogram_range *range, const struct histogram *histogram)
{
	size_t slot;

	for (slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
		if (!histogram->slots[slot])
			continue;
		if (range->to <= range->from || slot < range->from)
			range->from = slot;
		if (slot >= range->to)
			range->to = slot + 1;
	}
}

static uint64_t largest(const struct histogram *histogram)
{
	uint64_t max = 0;
	size_t slot;

	for (slot = 0; slot < HISTOGRAM_SLOTS; slot++)
		if (histogram->slots[slot] > max)
			max = histogram->slots[slot];
	return max;
}

/* The number of nanoseconds in the unit @name tells; 0: it tells none. */
static uint64_t time_unit(const char *name)
{
	if (strstr(name, "_ns"))
		return 1;
	if (strstr(name, "_us"))
		return 1000;
	return strstr(name, "_ms") ? 1000000 : 0;
}

/* Where slot @slot begins. */
static const char *format_bound(char buf[FORMAT_LEN], const char *name, size_t slot)
{
	uint64_t value = slot ? 1ULL << slot : 0;

	if (time_unit(name) && slot < HISTOGRAM_SLOTS / 2)
		return format_ns(buf, value * time_unit(name));
	if (strstr(name, "bytes"))
		return format_bytes(buf, value);
	snprintf(buf, FORMAT_LEN, "%" PRIu64, value);
	return buf;
}

static void print_slot(FILE *out, const char *name, size_t slot, uint64_t count, uint64_t max)
{
	static const char bar[] = "########################################";
	int length = max ? (int)((double)count / max * BAR_WIDTH + 0.5) : 0;
	char from[FORMAT_LEN], to[FORMAT_LEN];

	fprintf(out, "  %12s .. %-12s %10" PRIu64 "  %.*s\n", format_bound(from, name, slot),
		slot + 1 < HISTOGRAM_SLOTS ? format_bound(to, name, slot + 1) : "", count, length, bar);
}

void histogram_print(FILE *out, const char *name, const struct histogram *histogram)
{
	uint64_t max = largest(histogram);
	struct histogram_range range = {};
	size_t slot;

	histogram_widen(&range, histogram);
	fprintf(out, "  %12s    %-12s %10s\n", "FROM", "BELOW", "COUNT");
	for (slot = range.from; slot < range.to; slot++)
		print_slot(out, name, slot, histogram->slots[slot], max);
}

/* A character as high as @count; any count but zero can be seen. */
static const char *level(uint64_t count, uint64_t max)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { " ", ".", ":", "-", "=", "+", "*", "#", "@" };
	int index = count ? 1 + (int)((double)count / max * (LEVELS - 1)) : 0;

	return strcmp(nl_langinfo(CODESET), "UTF-8") ? ascii[index] : blocks[index];
}

const char *histogram_line(char buf[HISTOGRAM_LINE_LEN], struct histogram_range range, const struct histogram *histogram)
{
	uint64_t max = largest(histogram);
	char *at = buf;
	size_t slot;

	*at = '\0';
	for (slot = range.from; slot < range.to; slot++)
		at = stpcpy(at, level(histogram->slots[slot], max));
	while (at > buf && at[-1] == ' ')
		*--at = '\0';
	return buf;
}

void histogram_title(char *buf, size_t size, const char *name, struct histogram_range range)
{
	char from[FORMAT_LEN], to[FORMAT_LEN];
	const char *c;
	size_t at = 0;

	for (c = name; *c && at + 1 < size; c++)
		buf[at++] = toupper((unsigned char)*c);
	buf[at] = '\0';
	if (range.to > range.from && range.to < HISTOGRAM_SLOTS)
		snprintf(buf + at, size - at, " %s..%s", format_bound(from, name, range.from),
			 format_bound(to, name, range.to));
}
