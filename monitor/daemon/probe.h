/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A probe: programs, the maps they count in, and what the counts mean. Each is a descriptor (monitor/probes/NAME.c)
 * and, where it has programs, monitor/probes/NAME.bpf.c.
 */
#ifndef KVIEW_MONITOR_PROBE_H
#define KVIEW_MONITOR_PROBE_H

#include "collector.h"
#include "metrics.h"
#include "scope.h"

struct bpf_object;
struct bpf_object_skeleton;
struct bpf_program;
struct kview_counts;
struct monitor_attachment;
struct probe;

/* What it has of a kind: all but @name may be NULL. */
struct probe_ops {
	/* Of the skeleton. */
	void *(*open)(void);
	void (*destroy)(void *skeleton);
	uint64_t (*lost)(const void *skeleton);

	/* Between opening and loading. */
	int (*prepare)(struct probe *probe);

	/* Attach a program that is not attached by its section name alone. -ENOENT: this one is. */
	int (*attach)(struct probe *probe, struct bpf_program *program);

	/* What an entry of its map "samples" means. */
	collector_fn describe;

	/* Before that map is read; for what comes from elsewhere. */
	int (*collect)(struct probe *probe, uint64_t now);

	/* Somebody has joined, or the configuration is another one. */
	int (*follow)(struct probe *probe);

	/* Free @state. */
	void (*deinit)(struct probe *probe);
};

extern const struct probe_ops probe_cpu, probe_memory, probe_file, probe_block, probe_tcp, probe_http, probe_syscalls,
	probe_websocket, probe_dns, probe_gc, probe_shield;

struct probe {
	enum monitor_probe kind;
	const struct probe_ops *ops;
	struct monitor_scope *scope;
	struct metrics *metrics;
	struct monitor_probe_config config;
	void *skeleton;
	struct collector *collector;
	struct monitor_attachment *attachments;
	size_t attachment_count;
	void *state; /* of the probe's own */
};

/* Maps that several objects share, by name. */
struct probe_maps {
	struct {
		const char *name;
		int fd;
	} maps[4];
	size_t count;
};

void probe_maps_add(struct probe_maps *maps, const char *name, const struct bpf_map *map);

/* Load and attach. On failure nothing is left. */
int probe_start(struct probe *probe, struct probe_maps *maps);
void probe_stop(struct probe *probe);

/* Bring its series up to date. */
int probe_collect(struct probe *probe, uint64_t now, uint64_t forget);

struct bpf_object *probe_object(const struct probe *probe); /* NULL: it has none */
uint64_t probe_lost(const struct probe *probe);

/* Run a program that is not attached, SEC("raw_tp"), once. */
int probe_run(struct bpf_program *program);

/* Let an iterator (SEC("iter/...")) go through all there is, once. */
int probe_run_iterator(struct bpf_program *program);

/* The same, through @map (NULL: what its section names), which writes records of @size. Anything but 0 from @fn ends it. */
typedef int (*probe_record_fn)(const void *record, void *data);
int probe_read_iterator(struct bpf_program *program, const struct bpf_map *map, size_t size, probe_record_fn fn,
			void *data);

/* Each program that is attached; @in_view has what a view has counted of it, NULL: it is in none. */
typedef int (*probe_program_fn)(const struct bpf_program *program, const struct kview_counts *in_view, void *data);
int probe_each_program(const struct probe *probe, probe_program_fn fn, void *data);

/* The functions of a skeleton that struct probe_ops wants. */
#define PROBE_SKELETON(name)                                       \
	static void *open_skeleton(void)                           \
	{                                                          \
		return name##__open();                             \
	}                                                          \
	static void destroy_skeleton(void *skeleton)               \
	{                                                          \
		name##__destroy(skeleton);                         \
	}                                                          \
	static uint64_t count_lost(const void *skeleton)           \
	{                                                          \
		return ((const struct name *)skeleton)->bss->lost; \
	}

#define PROBE_OF_SKELETON .open = open_skeleton, .destroy = destroy_skeleton, .lost = count_lost

#endif /* KVIEW_MONITOR_PROBE_H */
