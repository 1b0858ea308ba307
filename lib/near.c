// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names a misspelt one may have meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define NAME_MAX_LEN 128 /* longer ones are not misspelt but generated */

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many slips of the finger to allow for. */
static unsigned int near_limit(size_t len)
{
	return len < 24 ? 1 + len / 6 : 5;
}

static bool swapped(const char *a, const char *b)
{
	return a[0] == b[-1] && a[-1] == b[0];
}

/*
 * Letters to insert, delete, replace, or swap with their neighbour, to get from @a to @b: the rows of the usual table,
 * of which only three are kept.
 */
static unsigned int edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int rows[3][NAME_MAX_LEN + 1], *row = rows[0];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		const unsigned int *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row = rows[i % 3];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned int replace = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1, replace);
			if (i > 1 && j > 1 && swapped(&a[i - 1], &b[j - 1]))
				row[j] = min3(row[j], two_above[j - 2] + 1, row[j]);
		}
	}
	return row[b_len];
}

/* Of names at the same distance, those that begin as the wanted one does are better. */
static unsigned int near_rank(const char *wanted, const char *name, unsigned int distance)
{
	unsigned int same = 0;

	while (wanted[same] && wanted[same] == name[same])
		same++;
	return distance * (NAME_MAX_LEN + 1) - same;
}

/* Keep the best ones in order; of equals the first offered stays ahead. */
static void near_insert(struct kview_near *near, const char *name, unsigned int rank)
{
	size_t at = near->count;

	while (at > 0 && near->rank[at - 1] > rank)
		at--;
	if (at == KVIEW_NEAR_MAX)
		return;
	if (near->count < KVIEW_NEAR_MAX)
		near->count++;
	for (size_t i = near->count - 1; i > at; i--) {
		near->names[i] = near->names[i - 1];
		near->rank[i] = near->rank[i - 1];
	}
	near->names[at] = name;
	near->rank[at] = rank;
}

void kview_near_offer(struct kview_near *near, const char *wanted, const char *name)
{
	size_t wanted_len = strlen(wanted), name_len = strlen(name);
	unsigned int limit = near_limit(wanted_len), distance;

	if (wanted_len > NAME_MAX_LEN || name_len > NAME_MAX_LEN)
		return;
	if (labs((long)wanted_len - (long)name_len) > limit)
		return;
	distance = edit_distance(wanted, wanted_len, name, name_len);
	if (distance && distance <= limit)
		near_insert(near, name, near_rank(wanted, name, distance));
}

void kview_near_text(const struct kview_near *near, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < near->count && len < size; i++)
		len += snprintf(text + len, size - len, "%s%s", i ? ", " : "; near: ", near->names[i]);
}
