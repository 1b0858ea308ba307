// SPDX-License-Identifier: GPL-2.0-or-later
#include "records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <bpf/btf.h>

#include "options.h"
#include "record_type.h"
#include "scope.h"
#include "value.h"

#define PERF_PAGES 64 /* per CPU: 256 KiB, some thousand records until we get to run */
#define HEX_BYTES 16  /* shown of an unknown record in the table format */
#define TEXT_BYTES 64 /* the same, as text */

/* One map programs send records through. */
struct channel {
	SLIST_ENTRY(channel) entry;
	struct records *records;
	const char *name;
	struct ring_buffer *ring; /* one of them */
	struct perf_buffer *perf;
};

struct records {
	const struct btf *btf;
	FILE *out;
	bool json;
	uint64_t lost;
	SLIST_HEAD(, channel) channels;
};

static int print_json(const struct channel *channel, uint32_t type, const void *data, size_t size)
{
	struct records *records = channel->records;
	_cleanup_(json_decrefp) json_t *json = NULL;

	json = json_pack("{s:s, s:s, s:I, s:o}", "event", "record", "map", channel->name, "size", (json_int_t)size,
			 "value", value_decode(type ? records->btf : NULL, type, data, size));
	return json ? cli_print_record(records->out, json) : -ENOMEM;
}

/* The bytes up to the last that is not zero, and what in them is text. */
static void print_bytes(FILE *out, const uint8_t *data, size_t size)
{
	size_t i, used = size;

	while (used && !data[used - 1])
		used--;
	fprintf(out, "  %zu bytes ", size);
	for (i = 0; i < used && i < HEX_BYTES; i++)
		fprintf(out, "%s%02x", i % 4 ? "" : " ", data[i]);
	fputs(used > HEX_BYTES ? " ...  |" : "  |", out);
	for (i = 0; i < used && i < TEXT_BYTES; i++)
		fputc(data[i] >= ' ' && data[i] <= '~' ? data[i] : '.', out);
	fputs("|\n", out);
}

static void print_field(const char *path, const json_t *leaf, void *data)
{
	_cleanup_(freep) char *text = json_dumps(leaf, JSON_COMPACT | JSON_ENCODE_ANY);

	fprintf(data, "  %s=%s", path, json_is_string(leaf) ? json_string_value(leaf) : text ?: "");
}

static int print_fields(const struct channel *channel, uint32_t type, const void *data, size_t size)
{
	struct records *records = channel->records;
	_cleanup_(json_decrefp) json_t *value = value_decode(records->btf, type, data, size);

	value_each_leaf("", value, print_field, records->out);
	fputc('\n', records->out);
	return value ? 0 : -ENOMEM;
}

static int print_record(const struct channel *channel, const void *data, size_t size)
{
	struct records *records = channel->records;
	uint32_t type = record_type(records->btf, size);

	if (records->json)
		return print_json(channel, type, data, size);
	fprintf(records->out, "%s", channel->name);
	if (type)
		return print_fields(channel, type, data, size);
	print_bytes(records->out, data, size);
	return 0;
}

static int take_ring(void *data, void *record, size_t size)
{
	return print_record(data, record, size);
}

static void take_perf(void *data, int cpu, void *record, uint32_t size)
{
	(void)cpu;
	print_record(data, record, size);
}

static void count_lost(void *data, int cpu, __u64 count)
{
	struct channel *channel = data;

	(void)cpu;
	channel->records->lost += count;
}

/* Each map gets a buffer of its own: its descriptor tells the loop which one is ready. */
static int channel_open(struct channel *channel, const struct bpf_map *map)
{
	channel->name = bpf_map__name(map);
	if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
		channel->ring = ring_buffer__new(bpf_map__fd(map), take_ring, channel, NULL);
	else
		channel->perf = perf_buffer__new(bpf_map__fd(map), PERF_PAGES, take_perf, count_lost, channel, NULL);
	return channel->ring || channel->perf ? 0 : -errno;
}

static int add_channel(struct records *records, const struct bpf_map *map)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return -ENOMEM;
	channel->records = records;
	SLIST_INSERT_HEAD(&records->channels, channel, entry);
	return channel_open(channel, map);
}

int records_open(const struct bpf_object *obj, FILE *out, bool json, struct records **ret_records)
{
	_cleanup_(records_closep) struct records *records = calloc(1, sizeof(*records));
	struct bpf_map *map;
	int err;

	if (!records)
		return -ENOMEM;
	*records = (struct records){ .btf = bpf_object__btf(obj), .out = out, .json = json };
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF && bpf_map__type(map) != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			continue;
		err = add_channel(records, map);
		if (err)
			return err;
	}
	*ret_records = TAKE_PTR(records);
	return 0;
}

void records_close(struct records *records)
{
	struct channel *channel;

	while ((channel = SLIST_FIRST(&records->channels))) {
		SLIST_REMOVE_HEAD(&records->channels, entry);
		ring_buffer__free(channel->ring);
		perf_buffer__free(channel->perf);
		free(channel);
	}
	free(records);
}

static int channel_consume(void *data)
{
	struct channel *channel = data;
	int err;

	err = channel->ring ? ring_buffer__consume(channel->ring) : perf_buffer__consume(channel->perf);
	fflush(channel->records->out);
	return err < 0 ? err : 0;
}

int records_watch(struct records *records, struct loop *loop)
{
	struct channel *channel;
	int fd, err;

	SLIST_FOREACH(channel, &records->channels, entry) {
		fd = channel->ring ? ring_buffer__epoll_fd(channel->ring) : perf_buffer__epoll_fd(channel->perf);
		err = loop_add(loop, fd, channel_consume, channel);
		if (err)
			return err;
	}
	return 0;
}

void records_drain(struct records *records)
{
	struct channel *channel;

	SLIST_FOREACH(channel, &records->channels, entry)
		channel_consume(channel);
}

uint64_t records_lost(const struct records *records)
{
	return records->lost;
}
