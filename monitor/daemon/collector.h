/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a map of samples to series. What has been counted since the last look is added, so a series never goes back: not
 * when an entry goes, not when the rules of who is monitored change.
 */
#ifndef KVIEW_MONITOR_COLLECTOR_H
#define KVIEW_MONITOR_COLLECTOR_H

#include <stdbool.h>

#include "metrics.h"

struct bpf_map;
struct collector;

/* The families an entry is shown in, any of them NULL: a histogram or counter of its sample; counters of its extras. */
struct collector_series {
	const struct metric_desc *sample, *extras[MONITOR_EXTRAS];
	const char *labels[METRIC_LABELS];
	char text[METRIC_LABELS][48]; /* room for labels that have to be made */
};

/* What the entry with @key means; false: nothing any more, and it is deleted. */
typedef bool (*collector_fn)(const void *key, struct collector_series *ret_series, void *data);

/* @map has values of struct monitor_sample, one for each CPU or one for all. */
int collector_new(struct bpf_map *map, struct metrics *metrics, collector_fn fn, void *data,
		  struct collector **ret_collector);
void collector_free(struct collector *collector);
DEFINE_CLEANUP(struct collector *, collector_free)

/* Read the map. What has not changed for @forget nanoseconds is deleted, with its series. */
int collector_read(struct collector *collector, uint64_t now, uint64_t forget);

#endif /* KVIEW_MONITOR_COLLECTOR_H */
