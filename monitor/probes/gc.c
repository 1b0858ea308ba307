// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which files the targets' processes have mapped, and the hooks in those that have a garbage collector. A file is
 * hooked once, for all who run it, as long as a process of a target has it mapped.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gc.skel.h"
#include "gc_hooks.h"
#include "monitor/daemon/note.h"
#include "monitor/daemon/probe.h"
#include "monitor/daemon/process.h"
#include "monitor/regions.h"

PROBE_SKELETON(gc)

#define LINKS_MAX 4
#define FILES_MAX 512 /* then those without hooks are forgotten */
#define LOOKS 5	      /* at the mappings of a program that has just begun: runtimes are loaded late by some */

struct file {
	TAILQ_ENTRY(file) entry;
	dev_t dev;
	ino_t ino;
	struct timespec changed; /* the number can be another file's later */
	bool has_hooks, used;
	enum gc_runtime runtime;
	struct bpf_link *links[LINKS_MAX];
};

/* A program that runs: a process between two execs. */
struct running {
	TAILQ_ENTRY(running) entry;
	pid_t pid;
	uint64_t start;
	ino_t program;
	unsigned int looks;
	struct file *runtime; /* NULL: none that is known */
	bool seen;
};

struct state {
	TAILQ_HEAD(, file) files; /* those without hooks, too: they need no second look */
	size_t file_count;
	TAILQ_HEAD(, running) list;
	void *tree; /* of struct running, by pid */
	struct probe *probe;
	uint32_t counts[MONITOR_TARGETS + 1][GC_RUNTIMES];
	struct metric *processes[MONITOR_TARGETS + 1][GC_RUNTIMES];
};

static const struct metric_desc pause_family = { "kview_gc_pause_seconds",
						 "How long garbage collectors held up the thread they ran in.",
						 METRIC_HISTOGRAM,
						 1e-9,
						 { "target", "runtime", "kind" } };
static const struct metric_desc collected_family = { "kview_gc_collected_objects_total",
						     "Objects found unreachable.",
						     METRIC_COUNTER,
						     1,
						     { "target", "runtime", "kind" } };
static const struct metric_desc processes_family = { "kview_gc_processes",
						     "Processes whose garbage collector is watched.",
						     METRIC_GAUGE,
						     1,
						     { "target", "runtime" } };

static const char *const runtimes[GC_RUNTIMES] = { "python", "ruby", "jvm", "v8" };

static bool describe(const void *data, struct collector_series *series, void *probe)
{
	static const char *const kinds[GC_RUNTIMES][GC_KINDS] = {
		[GC_PYTHON] = { "generation0", "generation1", "generation2", METRIC_OTHER },
		[GC_RUBY] = { "mark", "sweep", METRIC_OTHER, METRIC_OTHER },
		[GC_JVM] = { "young", "full", METRIC_OTHER, METRIC_OTHER },
		[GC_V8] = { "scavenge", "mark_compact", "minor_mark_sweep", METRIC_OTHER },
	};
	const struct gc_key *key = data;

	series->sample = &pause_family;
	/* The others do not tell. */
	series->extras[0] = key->runtime == GC_PYTHON ? &collected_family : NULL;
	series->labels[0] = monitor_scope_name(((struct probe *)probe)->scope, key->target);
	series->labels[1] = runtimes[key->runtime % GC_RUNTIMES];
	series->labels[2] = kinds[key->runtime % GC_RUNTIMES][key->kind % GC_KINDS];
	return series->labels[0];
}

/* --- files -------------------------------------------------------------------------------------------------------- */

struct hook {
	const char *provider, *name;
	bool end;
	__u64 phase;
};

static const struct hook hooks_of[GC_RUNTIMES][LINKS_MAX] = {
	[GC_PYTHON] = { { "python", "gc__start", false, 0 }, { "python", "gc__done", true, 0 } },
	[GC_RUBY] = { { "ruby", "gc__mark__begin", false, GC_RUBY_MARK },
		      { "ruby", "gc__mark__end", true, GC_RUBY_MARK },
		      { "ruby", "gc__sweep__begin", false, GC_RUBY_SWEEP },
		      { "ruby", "gc__sweep__end", true, GC_RUBY_SWEEP } },
	[GC_JVM] = { { "hotspot", "gc__begin", false, 0 }, { "hotspot", "gc__end", true, 0 } },
};

static int hook_by_name(struct gc *bpf, struct file *file, const char *path)
{
	for (size_t i = 0; i < LINKS_MAX && hooks_of[file->runtime][i].name; i++) {
		const struct hook *hook = &hooks_of[file->runtime][i];
		LIBBPF_OPTS(bpf_usdt_opts, opts, .usdt_cookie = GC_COOKIE(file->runtime, hook->phase));

		file->links[i] =
			bpf_program__attach_usdt(hook->end ? bpf->progs.monitor_gc_end : bpf->progs.monitor_gc_begin,
						 -1, path, hook->provider, hook->name, &opts);
		if (!file->links[i])
			return -errno;
	}
	return 0;
}

static int hook_by_offset(struct gc *bpf, struct file *file, const char *path, uint64_t offset)
{
	file->links[0] = bpf_program__attach_uprobe(bpf->progs.monitor_gc_v8_begin, false, -1, path, offset);
	if (!file->links[0])
		return -errno;
	file->links[1] = bpf_program__attach_uprobe(bpf->progs.monitor_gc_v8_end, true, -1, path, offset);
	return file->links[1] ? 0 : -errno;
}

static void unhook(struct file *file)
{
	for (size_t i = 0; i < LINKS_MAX; i++) {
		bpf_link__destroy(file->links[i]);
		file->links[i] = NULL;
	}
}

static void look_into(struct state *state, struct file *file, int fd, const char *path)
{
	struct gc *bpf = state->probe->skeleton;
	struct gc_hooks hooks;
	int err;

	if (gc_hooks_read(fd, &hooks))
		return;
	file->runtime = hooks.runtime;
	err = hooks.offset ? hook_by_offset(bpf, file, path, hooks.offset) : hook_by_name(bpf, file, path);
	if (err) {
		monitor_note("gc: %s: its collector cannot be hooked: %s", path, strerror(-err));
		unhook(file);
		/* Its process may just have ended: who runs the file next is another try. */
		if (access(path, F_OK))
			file->ino = 0;
		return;
	}
	file->has_hooks = true;
}

/* NULL: no memory. */
static struct file *get_file(struct state *state, int fd, const struct stat *stat, const char *path)
{
	struct file *file;

	TAILQ_FOREACH(file, &state->files, entry)
	if (file->dev == stat->st_dev && file->ino == stat->st_ino && file->changed.tv_sec == stat->st_ctim.tv_sec &&
	    file->changed.tv_nsec == stat->st_ctim.tv_nsec)
		return file;
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->dev = stat->st_dev;
	file->ino = stat->st_ino;
	file->changed = stat->st_ctim;
	look_into(state, file, fd, path);
	TAILQ_INSERT_TAIL(&state->files, file, entry);
	state->file_count++;
	return file;
}

static void forget_file(struct state *state, struct file *file)
{
	unhook(file);
	TAILQ_REMOVE(&state->files, file, entry);
	state->file_count--;
	free(file);
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

/* A file that @running has mapped, by the name it has there. */
static int take_mapping(struct state *state, struct running *running, const char *name)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX + 32];
	struct stat stat;
	struct file *file;

	snprintf(path, sizeof(path), "/proc/%d/root%s", running->pid, name);
	/* What is no file is not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		return 0;
	file = get_file(state, fd, &stat, path);
	if (!file)
		return -ENOMEM;
	file->used = true;
	if (file->has_hooks)
		running->runtime = file;
	return 0;
}

static int look_at_mappings(struct state *state, struct running *running)
{
	_cleanup_(freep) char *line = NULL;
	struct region region;
	char path[32];
	size_t size = 0;
	ino_t last = 0;
	FILE *maps;
	int err = 0;

	running->looks++;
	snprintf(path, sizeof(path), "/proc/%d/maps", running->pid);
	maps = fopen(path, "re");
	while (maps && !err && getline(&line, &size, maps) > 0) {
		if (region_parse(line, &region))
			continue;
		if (region.inode && region.inode != last && *region.path == '/')
			err = take_mapping(state, running, region.path);
		last = region.inode;
		free(region.path);
	}
	if (maps)
		fclose(maps);
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct running *one = a, *other = b;

	return one->pid < other->pid ? -1 : one->pid > other->pid;
}

static void forget(struct state *state, struct running *running)
{
	tdelete(running, &state->tree, compare);
	TAILQ_REMOVE(&state->list, running, entry);
	free(running);
}

/* NULL: no memory. */
static struct running *get(struct state *state, pid_t pid, uint64_t start, ino_t program)
{
	struct running wanted = { .pid = pid }, *running;
	struct running *const *found = tfind(&wanted, &state->tree, compare);

	if (found && (*found)->start == start && (*found)->program == program)
		return *found;
	if (found)
		forget(state, *found);
	running = calloc(1, sizeof(*running));
	if (!running)
		return NULL;
	*running = (struct running){ .pid = pid, .start = start, .program = program };
	if (!tsearch(running, &state->tree, compare)) {
		free(running);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&state->list, running, entry);
	return running;
}

static int look_at(pid_t pid, uint32_t target, void *data)
{
	struct state *state = data;
	struct process_stat stat_process;
	struct running *running;
	struct stat program;
	char path[32];
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (target > MONITOR_TARGETS || process_stat(pid, &stat_process) || stat(path, &program))
		return 0;
	running = get(state, pid, stat_process.start, program.st_ino);
	if (!running)
		return -ENOMEM;
	running->seen = true;
	if (!running->runtime && running->looks < LOOKS)
		err = look_at_mappings(state, running);
	if (running->runtime) {
		running->runtime->used = true;
		state->counts[target][running->runtime->runtime]++;
	}
	return err;
}

/* --- the probe ---------------------------------------------------------------------------------------------------- */

static int prepare(struct probe *probe)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	TAILQ_INIT(&state->files);
	TAILQ_INIT(&state->list);
	state->probe = probe;
	probe->state = state;
	return 0;
}

/* All of them are attached to files. */
static int attach(struct probe *probe, struct bpf_program *program)
{
	(void)probe;
	(void)program;
	return 0;
}

/* Processes that are gone, and files that nobody has mapped any more. */
static void forget_unseen(struct state *state)
{
	struct running *running, *next;
	struct file *file, *next_file;

	for (running = TAILQ_FIRST(&state->list); running; running = next) {
		next = TAILQ_NEXT(running, entry);
		if (running->seen)
			running->seen = false;
		else
			forget(state, running);
	}
	for (file = TAILQ_FIRST(&state->files); file; file = next_file) {
		next_file = TAILQ_NEXT(file, entry);
		if (file->has_hooks ? !file->used : state->file_count > FILES_MAX)
			forget_file(state, file);
	}
}

static int set_processes(struct probe *probe, uint32_t target, enum gc_runtime runtime)
{
	const char *labels[] = { monitor_scope_name(probe->scope, target), runtimes[runtime], NULL, NULL };
	struct state *state = probe->state;
	struct metric **metric = &state->processes[target][runtime];
	uint32_t count = state->counts[target][runtime];
	int err = 0;

	if (!labels[0] || (!count && !*metric)) {
		metrics_put(probe->metrics, *metric);
		*metric = NULL;
		return 0;
	}
	if (!*metric)
		err = metrics_get(probe->metrics, &processes_family, labels, metric);
	if (!err)
		metric_set(*metric, count);
	return err;
}

static int collect(struct probe *probe, uint64_t now)
{
	struct state *state = probe->state;
	struct file *file;
	int err;

	(void)now;
	memset(state->counts, 0, sizeof(state->counts));
	TAILQ_FOREACH(file, &state->files, entry)
	file->used = false;
	err = monitor_scope_each_process(probe->scope, look_at, state);
	if (!err)
		forget_unseen(state);
	for (uint32_t i = 1; !err && i <= MONITOR_TARGETS; i++)
		for (enum gc_runtime runtime = 0; !err && runtime < GC_RUNTIMES; runtime++)
			err = set_processes(probe, i, runtime);
	return err;
}

static int follow(struct probe *probe)
{
	return collect(probe, 0);
}

static void deinit(struct probe *probe)
{
	struct state *state = probe->state;
	struct running *running;
	struct file *file;

	if (!state)
		return;
	while ((running = TAILQ_FIRST(&state->list)))
		forget(state, running);
	while ((file = TAILQ_FIRST(&state->files)))
		forget_file(state, file);
	for (uint32_t i = 1; i <= MONITOR_TARGETS; i++)
		for (enum gc_runtime runtime = 0; runtime < GC_RUNTIMES; runtime++)
			metrics_put(probe->metrics, state->processes[i][runtime]);
	free(state);
}

const struct probe_ops probe_gc = {
	PROBE_OF_SKELETON,  .prepare = prepare, .attach = attach, .describe = describe,
	.collect = collect, .follow = follow,	.deinit = deinit,
};
