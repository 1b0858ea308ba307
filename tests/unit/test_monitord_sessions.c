// SPDX-License-Identifier: GPL-2.0-or-later
/* Which sessions kview-monitord tells when there are too many. */
#include <stdlib.h>
#include <string.h>

#include "monitor/probes/tcp_most.h"
#include "unit.h"

#define SESSIONS 5000

static int compare(const void *one, const void *other)
{
	uint64_t x = *(const uint64_t *)one, y = *(const uint64_t *)other;

	return (x < y) - (x > y);
}

/* @most has what is at the front of @bytes. */
static void expect(struct tcp_most *most, uint64_t *bytes, size_t count)
{
	qsort(bytes, count, sizeof(*bytes), compare);
	tcp_most_sort(most);
	assert_int_equal(most->seen, count);
	assert_int_equal(most->count, count < most->max ? count : most->max);
	for (size_t i = 0; i < most->count; i++)
		assert_int_equal(most->list[i].sent + most->list[i].received, bytes[i]);
}

static void add_some(size_t max, size_t count, unsigned int different)
{
	static uint64_t bytes[SESSIONS];
	struct tcp_most most;

	assert_int_equal(tcp_most_init(&most, max), 0);
	for (size_t i = 0; i < count; i++) {
		struct tcp_told told = { .sent = rand() % different, .received = rand() % 3 };

		bytes[i] = told.sent + told.received;
		tcp_most_add(&most, &told);
	}
	expect(&most, bytes, count);
	tcp_most_deinit(&most);
}

static void most(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 100; i++)
		add_some(1 + rand() % 100, rand() % SESSIONS, i % 2 ? 10 : 1000000);
}

static void few(void **state)
{
	(void)state;
	add_some(1, 0, 1);
	add_some(1, 1, 1);
	add_some(1, 100, 1000);
	add_some(SESSIONS, SESSIONS, 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(most), cmocka_unit_test(few) };

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
