// SPDX-License-Identifier: GPL-2.0-or-later
#include "queue.h"

#include <stdlib.h>

void queue_init(struct queue *queue, size_t bytes_max)
{
	*queue = (struct queue){ .bytes_max = bytes_max };
	TAILQ_INIT(&queue->entries);
}

struct queue_entry *queue_head(const struct queue *queue)
{
	return TAILQ_FIRST(&queue->entries);
}

void queue_remove(struct queue *queue, struct queue_entry *entry)
{
	TAILQ_REMOVE(&queue->entries, entry, entry);
	queue->bytes -= entry->len;
	queue->points -= entry->points;
	free(entry->bytes);
	free(entry);
}

void queue_deinit(struct queue *queue)
{
	struct queue_entry *entry;

	while ((entry = queue_head(queue)))
		queue_remove(queue, entry);
}

uint64_t queue_add(struct queue *queue, uint8_t *bytes, size_t len, uint64_t points)
{
	struct queue_entry *entry, *second;
	uint64_t dropped = 0;

	while (len > queue->bytes_max - queue->bytes && queue_head(queue) &&
	       (second = TAILQ_NEXT(queue_head(queue), entry))) {
		dropped += second->points;
		queue_remove(queue, second);
	}
	entry = len > queue->bytes_max - queue->bytes ? NULL : calloc(1, sizeof(*entry));
	if (!entry) {
		free(bytes);
		return dropped + points;
	}
	*entry = (struct queue_entry){ .points = points, .len = len, .bytes = bytes };
	TAILQ_INSERT_TAIL(&queue->entries, entry, entry);
	queue->bytes += len;
	queue->points += points;
	return dropped;
}
