/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies of requests that wait, oldest first, and no more bytes than were agreed on. */
#ifndef KVIEW_MONITOR_PUSH_QUEUE_H
#define KVIEW_MONITOR_PUSH_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct queue_entry {
	TAILQ_ENTRY(queue_entry) entry;
	uint64_t points;
	size_t len;
	uint8_t *bytes;
};

struct queue {
	TAILQ_HEAD(, queue_entry) entries;
	size_t bytes, bytes_max;
	uint64_t points; /* of all entries */
};

void queue_init(struct queue *queue, size_t bytes_max);
void queue_deinit(struct queue *queue);

/* The oldest; NULL: there is none. It stays until it is removed, whatever is added. */
struct queue_entry *queue_head(const struct queue *queue);
void queue_remove(struct queue *queue, struct queue_entry *entry);

/*
 * Add a body, which is taken over. For its room older ones are dropped, but for the head, which may be on its way; when
 * that is not enough, the new one is. How many points were dropped.
 */
uint64_t queue_add(struct queue *queue, uint8_t *bytes, size_t len, uint64_t points);

#endif /* KVIEW_MONITOR_PUSH_QUEUE_H */
