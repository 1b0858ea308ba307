// SPDX-License-Identifier: GPL-2.0-or-later
#include "tcp_most.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t bytes_of(const struct tcp_told *told)
{
	return told->sent + told->received;
}

static void swap(struct tcp_told *one, struct tcp_told *other)
{
	struct tcp_told told = *one;

	*one = *other;
	*other = told;
}

int tcp_most_init(struct tcp_most *most, size_t max)
{
	*most = (struct tcp_most){ .list = calloc(max, sizeof(*most->list)), .max = max };
	return most->list ? 0 : -ENOMEM;
}

void tcp_most_deinit(struct tcp_most *most)
{
	free(most->list);
	*most = (struct tcp_most){};
}

/* The list is a heap with the least in front, as long as more may come. */
static void sift_down(struct tcp_most *most)
{
	for (size_t i = 0, least; 2 * i + 1 < most->count; i = least) {
		least = 2 * i + 1;
		if (least + 1 < most->count && bytes_of(&most->list[least + 1]) < bytes_of(&most->list[least]))
			least++;
		if (bytes_of(&most->list[i]) <= bytes_of(&most->list[least]))
			return;
		swap(&most->list[i], &most->list[least]);
	}
}

static void sift_up(struct tcp_most *most, size_t i)
{
	for (; i && bytes_of(&most->list[i]) < bytes_of(&most->list[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&most->list[i], &most->list[(i - 1) / 2]);
}

void tcp_most_add(struct tcp_most *most, const struct tcp_told *told)
{
	most->seen++;
	if (most->count < most->max) {
		most->list[most->count] = *told;
		sift_up(most, most->count++);
	} else if (most->count && bytes_of(told) > bytes_of(&most->list[0])) {
		most->list[0] = *told;
		sift_down(most);
	}
}

static int compare(const void *one, const void *other)
{
	uint64_t x = bytes_of(one), y = bytes_of(other);

	return (x < y) - (x > y);
}

void tcp_most_sort(struct tcp_most *most)
{
	qsort(most->list, most->count, sizeof(*most->list), compare);
}
