// SPDX-License-Identifier: GPL-2.0-or-later
#include "collector.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>

#define KEY_MAX 64

/* An entry of the map. */
struct source {
	TAILQ_ENTRY(source) entry;
	size_t key_size;
	uint8_t key[KEY_MAX];
	struct monitor_sample last;
	struct metric *metrics[1 + MONITOR_EXTRAS];
	const struct metric_desc *descs[1 + MONITOR_EXTRAS];
	uint64_t changed;
	bool seen;
};

struct collector {
	struct bpf_map *map;
	struct metrics *metrics;
	collector_fn fn;
	void *data;
	void *tree; /* sources by their keys */
	TAILQ_HEAD(, source) sources;
	struct monitor_sample *values; /* of one entry, of all CPUs */
	int cpus;
	size_t key_size;
};

int collector_new(struct bpf_map *map, struct metrics *metrics, collector_fn fn, void *data,
		  struct collector **ret_collector)
{
	_cleanup_(collector_freep) struct collector *collector = calloc(1, sizeof(*collector));

	if (!collector)
		return -ENOMEM;
	TAILQ_INIT(&collector->sources);
	collector->map = map;
	collector->metrics = metrics;
	collector->fn = fn;
	collector->data = data;
	collector->key_size = bpf_map__key_size(map);
	if (collector->key_size > KEY_MAX || bpf_map__value_size(map) != sizeof(struct monitor_sample))
		return -EINVAL;
	collector->cpus = bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_HASH ? libbpf_num_possible_cpus() : 1;
	if (collector->cpus < 0)
		return collector->cpus;
	collector->values = calloc(collector->cpus, sizeof(*collector->values));
	if (!collector->values)
		return -ENOMEM;
	*ret_collector = TAKE_PTR(collector);
	return 0;
}

static int compare_sources(const void *a, const void *b)
{
	const struct source *one = a, *other = b;

	return memcmp(one->key, other->key, one->key_size);
}

static void remove_source(struct collector *collector, struct source *source)
{
	tdelete(source, &collector->tree, compare_sources);
	TAILQ_REMOVE(&collector->sources, source, entry);
	for (size_t i = 0; i < 1 + MONITOR_EXTRAS; i++)
		metrics_put(collector->metrics, source->metrics[i]);
	free(source);
}

void collector_free(struct collector *collector)
{
	struct source *source;

	if (!collector)
		return;
	while ((source = TAILQ_FIRST(&collector->sources)))
		remove_source(collector, source);
	free(collector->values);
	free(collector);
}

static int get_metrics(struct collector *collector, struct source *source, const struct collector_series *series)
{
	int err = 0;

	for (size_t i = 0; !err && i < 1 + MONITOR_EXTRAS; i++) {
		source->descs[i] = i ? series->extras[i - 1] : series->sample;
		if (source->descs[i])
			err = metrics_get(collector->metrics, source->descs[i], series->labels, &source->metrics[i]);
	}
	return err;
}

static struct source *find(const struct collector *collector, const void *key)
{
	struct source wanted = { .key_size = collector->key_size };
	struct source *const *found;

	memcpy(wanted.key, key, collector->key_size);
	found = tfind(&wanted, &collector->tree, compare_sources);
	return found ? *found : NULL;
}

static int add_source(struct collector *collector, const void *key, const struct collector_series *series,
		      struct source **ret_source)
{
	struct source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	source->key_size = collector->key_size;
	memcpy(source->key, key, collector->key_size);
	TAILQ_INSERT_TAIL(&collector->sources, source, entry);
	err = tsearch(source, &collector->tree, compare_sources) ? get_metrics(collector, source, series) : -ENOMEM;
	if (err) {
		remove_source(collector, source);
		return err;
	}
	*ret_source = source;
	return 0;
}

/* The sum over all CPUs. */
static void sum_values(const struct collector *collector, struct monitor_sample *ret_sum)
{
	uint64_t *sum = (uint64_t *)ret_sum;

	memset(ret_sum, 0, sizeof(*ret_sum));
	for (int cpu = 0; cpu < collector->cpus; cpu++) {
		const uint64_t *value = (const uint64_t *)&collector->values[cpu];

		for (size_t i = 0; i < sizeof(*ret_sum) / sizeof(*sum); i++)
			sum[i] += value[i];
	}
}

static void subtract(struct monitor_sample *from, const struct monitor_sample *what)
{
	uint64_t *words = (uint64_t *)from;

	for (size_t i = 0; i < sizeof(*from) / sizeof(*words); i++)
		words[i] -= ((const uint64_t *)what)[i];
}

static void add_to(const struct metric_desc *desc, struct metric *metric, const struct monitor_sample *new)
{
	if (!desc)
		return;
	if (desc->type == METRIC_HISTOGRAM)
		metric_add_sample(metric, new);
	else
		metric_add(metric, new->count);
}

static void update(struct source *source, const struct monitor_sample *sum, uint64_t now)
{
	static const struct monitor_sample none;
	struct monitor_sample new = *sum;

	subtract(&new, &source->last);
	source->last = *sum;
	source->seen = true;
	if (!source->changed || memcmp(&new, &none, sizeof(new)))
		source->changed = now;
	add_to(source->descs[0], source->metrics[0], &new);
	for (size_t i = 0; i < MONITOR_EXTRAS; i++)
		if (source->descs[i + 1])
			metric_add(source->metrics[i + 1], new.extra[i]);
}

static int read_entry(struct collector *collector, const void *key, uint64_t now)
{
	struct collector_series series = {};
	struct source *source = find(collector, key);
	struct monitor_sample sum;
	int err;

	if (bpf_map_lookup_elem(bpf_map__fd(collector->map), key, collector->values))
		return 0;
	if (!collector->fn(key, &series, collector->data)) {
		bpf_map_delete_elem(bpf_map__fd(collector->map), key);
		return 0;
	}
	err = source ? 0 : add_source(collector, key, &series, &source);
	if (err)
		return err;
	sum_values(collector, &sum);
	update(source, &sum, now);
	return 0;
}

/* Those that are gone, and those that nothing has happened to for long. */
static void forget_sources(struct collector *collector, uint64_t now, uint64_t forget)
{
	struct source *source, *next;

	for (source = TAILQ_FIRST(&collector->sources); source; source = next) {
		next = TAILQ_NEXT(source, entry);
		if (source->seen && now - source->changed < forget) {
			source->seen = false;
			continue;
		}
		bpf_map_delete_elem(bpf_map__fd(collector->map), source->key);
		remove_source(collector, source);
	}
}

int collector_read(struct collector *collector, uint64_t now, uint64_t forget)
{
	uint8_t key[KEY_MAX], next[KEY_MAX];
	int fd = bpf_map__fd(collector->map), err = 0;

	/* The next key is looked for before this entry may be deleted. */
	for (err = bpf_map_get_next_key(fd, NULL, next); !err;) {
		memcpy(key, next, collector->key_size);
		err = bpf_map_get_next_key(fd, key, next);
		if (read_entry(collector, key, now))
			return -ENOMEM;
	}
	forget_sources(collector, now, forget);
	return 0;
}
