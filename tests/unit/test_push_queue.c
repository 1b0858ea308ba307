// SPDX-License-Identifier: GPL-2.0-or-later
/* What kview-push holds while a server cannot be reached: in order, bounded, and what is dropped is told. */
#include <stdlib.h>

#include "monitor/push/queue.h"
#include "unit.h"

static uint64_t add(struct queue *queue, size_t len, uint64_t points)
{
	return queue_add(queue, malloc(len ?: 1), len, points);
}

static void in_order(void **state)
{
	struct queue queue;

	(void)state;
	queue_init(&queue, 100);
	assert_null(queue_head(&queue));
	for (uint64_t i = 1; i <= 10; i++)
		assert_int_equal(add(&queue, 10, i), 0);
	assert_int_equal(queue.points, 55);
	for (uint64_t i = 1; i <= 10; i++) {
		assert_int_equal(queue_head(&queue)->points, i);
		queue_remove(&queue, queue_head(&queue));
	}
	assert_null(queue_head(&queue));
	assert_int_equal(queue.bytes, 0);
	assert_int_equal(queue.points, 0);
}

/* The head may be on its way; it stays. */
static void bounded(void **state)
{
	struct queue queue;

	(void)state;
	queue_init(&queue, 100);
	assert_int_equal(add(&queue, 40, 1), 0);
	assert_int_equal(add(&queue, 30, 2), 0);
	assert_int_equal(add(&queue, 30, 4), 0);
	assert_int_equal(add(&queue, 50, 8), 6);
	assert_int_equal(queue_head(&queue)->points, 1);
	assert_int_equal(queue.points, 9);
	/* No room beside the head, nor at all. */
	assert_int_equal(add(&queue, 61, 16), 24);
	assert_int_equal(queue.points, 1);
	queue_remove(&queue, queue_head(&queue));
	assert_int_equal(add(&queue, 101, 32), 32);
	assert_int_equal(add(&queue, 100, 64), 0);
	assert_int_equal(queue.points, 64);
	queue_deinit(&queue);
	assert_null(queue_head(&queue));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
