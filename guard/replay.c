// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/replay.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/list.h"
#include "guard/pids.h"
#include "guard/stide.h"
#include "guard/store.h"

/* Blocks for profiles with many calls: 31 is what one can use. */
#define BLOCKS 4096

/* What runs on of a process while its trace is read. */
struct runner {
	uint32_t process; /* index */
	struct guard_task task;
	struct guard_stide_task stide;
};

struct guard_replay {
	struct guard_replay_opts opts;
	struct guard_env env;
	uint32_t blocks_used;
	struct guard_names *names;
	struct guard_list files, processes, profiles, runners, stides; /* of struct guard_trace_file, and so on */
	struct guard_pids pids;					       /* -> runners of the file that is read */
	bool testing;
	enum guard_label label;
	uint32_t last_pid, last_runner; /* the runner of the last call */
	char reason[512];
};

int guard_replay_new(const struct guard_replay_opts *opts, struct guard_replay **ret_replay)
{
	_cleanup_(guard_replay_freep) struct guard_replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return -ENOMEM;
	replay->opts = *opts;
	guard_list_init(&replay->files, sizeof(struct guard_trace_file));
	guard_list_init(&replay->processes, sizeof(struct guard_process));
	guard_list_init(&replay->profiles, sizeof(struct guard_replay_profile));
	guard_list_init(&replay->runners, sizeof(struct runner));
	guard_list_init(&replay->stides, sizeof(struct guard_stide));
	replay->names = guard_names_new();
	replay->env.count = BLOCKS;
	replay->env.used = &replay->blocks_used;
	replay->env.blocks = calloc(BLOCKS, sizeof(union guard_block)); /* untouched pages cost nothing */
	if (!replay->names || !replay->env.blocks)
		return -ENOMEM;
	*ret_replay = TAKE_PTR(replay);
	return 0;
}

void guard_replay_free(struct guard_replay *replay)
{
	struct guard_replay_profile *profile;
	struct guard_trace_file *file;
	struct guard_stide *stide;

	if (!replay)
		return;
	guard_list_each(&replay->files, file) free(file->path);
	guard_list_each(&replay->profiles, profile)
	{
		free(profile->name);
		free(profile->profile);
	}
	guard_list_each(&replay->stides, stide) guard_stide_deinit(stide);
	guard_list_deinit(&replay->files);
	guard_list_deinit(&replay->processes);
	guard_list_deinit(&replay->profiles);
	guard_list_deinit(&replay->runners);
	guard_list_deinit(&replay->stides);
	guard_pids_deinit(&replay->pids);
	guard_names_free(replay->names);
	free(replay->env.blocks);
	free(replay);
}

const char *guard_replay_reason(const struct guard_replay *replay)
{
	return replay->reason;
}

const struct guard_trace_file *guard_replay_files(const struct guard_replay *replay, size_t *ret_count)
{
	*ret_count = replay->files.count;
	return replay->files.items;
}

const struct guard_process *guard_replay_processes(const struct guard_replay *replay, size_t *ret_count)
{
	*ret_count = replay->processes.count;
	return replay->processes.items;
}

const struct guard_replay_profile *guard_replay_profiles(const struct guard_replay *replay, size_t *ret_count)
{
	*ret_count = replay->profiles.count;
	return replay->profiles.items;
}

/* --- profiles --- */

static int new_profile(struct guard_replay *replay, const char *name, size_t len)
{
	struct guard_replay_profile *profile = guard_list_add(&replay->profiles);

	if (!profile)
		return -ENOMEM;
	profile->name = strndup(name, len);
	if (replay->opts.model == GUARD_MODEL_STIDE) {
		if (!guard_list_add(&replay->stides))
			return -ENOMEM;
	} else {
		profile->profile = calloc(1, sizeof(*profile->profile));
		if (!profile->profile)
			return -ENOMEM;
		profile->profile->created = replay->env.now;
		/* A program that only occurs in what is judged knows nothing, and anything it does is new. */
		if (replay->testing)
			guard_normalize(&replay->env, profile->profile);
	}
	return profile->name ? 0 : -ENOMEM;
}

static int find_profile(struct guard_replay *replay, const char *name, size_t len, uint32_t *ret_index)
{
	struct guard_replay_profile *profile;

	guard_list_each(&replay->profiles,
			profile) if (!strncmp(profile->name, name, len) && !profile->name[len]) break;
	*ret_index = profile - (struct guard_replay_profile *)replay->profiles.items;
	return *ret_index < replay->profiles.count ? 0 : new_profile(replay, name, len);
}

static struct guard_replay_profile *profile_of(const struct guard_replay *replay, const struct runner *runner)
{
	const struct guard_process *process = guard_list_at(&replay->processes, runner->process);

	return guard_list_at(&replay->profiles, process->profile);
}

static int fail_store(struct guard_replay *replay, const char *path, int err, const char *why)
{
	snprintf(replay->reason, sizeof(replay->reason), "%s: %.300s", path, why && *why ? why : strerror(-err));
	return err;
}

struct load {
	struct guard_replay *replay;
	struct guard_store *store;
};

static int load_profile(const char *name, void *data)
{
	struct load *load = data;
	struct guard_replay_profile *profile;
	uint32_t index;
	int err;

	err = find_profile(load->replay, name, strlen(name), &index);
	if (err)
		return err;
	profile = guard_list_at(&load->replay->profiles, index);
	return guard_store_load(load->store, name, &load->replay->env, profile->profile);
}

int guard_replay_load(struct guard_replay *replay, const char *path)
{
	_cleanup_(guard_store_closep) struct guard_store *store = NULL;
	struct load load = { .replay = replay };
	int err;

	err = access(path, R_OK) ? -errno : 0; /* what is not there would be made */
	if (err)
		return fail_store(replay, path, err, NULL);
	err = guard_store_open(path, &store);
	if (err)
		return fail_store(replay, path, err, guard_store_reason(NULL));
	load.store = store;
	err = guard_store_each(store, load_profile, &load);
	return err ? fail_store(replay, path, err, guard_store_reason(store)) : 0;
}

static int save_all(struct guard_replay *replay, struct guard_store *store)
{
	struct guard_replay_profile *profile;
	int err, end;

	err = guard_store_begin(store);
	if (err)
		return err;
	guard_list_each(&replay->profiles, profile) if (!err)
		err = guard_store_save(store, profile->name, &replay->env, profile->profile);
	end = err ? guard_store_rollback(store) : guard_store_commit(store);
	return err ? err : end;
}

int guard_replay_save(struct guard_replay *replay, const char *path)
{
	_cleanup_(guard_store_closep) struct guard_store *store = NULL;
	int err;

	err = guard_store_open(path, &store);
	if (err)
		return fail_store(replay, path, err, guard_store_reason(NULL));
	err = save_all(replay, store);
	return err ? fail_store(replay, path, err, guard_store_reason(store)) : 0;
}

/* --- processes --- */

/* @runner goes on as a new process of a profile. */
static int begin_process(struct guard_replay *replay, struct runner *runner, uint32_t pid, uint32_t profile)
{
	struct guard_replay_profile *its = guard_list_at(&replay->profiles, profile);
	struct guard_process *process = guard_list_add(&replay->processes);

	if (!process)
		return -ENOMEM;
	its->processes++;
	*process = (struct guard_process){ .trace = replay->files.count - 1, .pid = pid, .profile = profile };
	runner->process = replay->processes.count - 1;
	return 0;
}

static int new_runner(struct guard_replay *replay, uint32_t pid, struct runner **ret_runner)
{
	struct runner *runner = guard_list_add(&replay->runners);

	if (!runner || guard_pids_set(&replay->pids, pid, replay->runners.count - 1))
		return -ENOMEM;
	replay->last_pid = pid;
	replay->last_runner = replay->runners.count - 1;
	*ret_runner = runner;
	return 0;
}

/* Run @profile in @runner from its beginning. */
static int start(struct guard_replay *replay, struct runner *runner, uint32_t pid, const char *name, size_t len)
{
	struct guard_replay_profile *its;
	uint32_t profile;
	int err;

	err = find_profile(replay, name, len, &profile);
	if (!err)
		err = begin_process(replay, runner, pid, profile);
	if (err)
		return err;
	its = guard_list_at(&replay->profiles, profile);
	runner->stide = (struct guard_stide_task){};
	if (its->profile)
		guard_task_exec(&runner->task, its->profile, profile + 1);
	return 0;
}

static struct runner *find_runner(struct guard_replay *replay, uint32_t pid)
{
	uint32_t index = replay->last_runner;

	if (!replay->runners.count)
		return NULL;
	if (pid != replay->last_pid) {
		index = guard_pids_find(&replay->pids, pid);
		if (index == GUARD_PIDS_NONE)
			return NULL;
		replay->last_pid = pid;
		replay->last_runner = index;
	}
	return guard_list_at(&replay->runners, index);
}

static int get_runner(struct guard_replay *replay, uint32_t pid, struct runner **ret_runner)
{
	int err;

	*ret_runner = find_runner(replay, pid);
	if (*ret_runner)
		return 0;
	err = new_runner(replay, pid, ret_runner);
	return err ? err : start(replay, *ret_runner, pid, "", 0);
}

/* --- what happens --- */

static void note_alarm(struct guard_replay_profile *profile, uint32_t events)
{
	if (!(events & GUARD_ALARM_PROFILE) || profile->alarm_after)
		return;
	profile->alarm_after = profile->calls;
	profile->alarm_processes = profile->processes;
}

/* What is said to be training goes on being that. */
static void note_normal(const struct guard_replay *replay, struct guard_replay_profile *profile, uint32_t events)
{
	if (!(events & GUARD_BECAME_NORMAL))
		return;
	if (!profile->normal_count++) {
		profile->normal_after = profile->calls;
		profile->normal_processes = profile->processes;
		profile->expected_novel = profile->profile->normal_novel;
		profile->expected_spans = profile->profile->normal_spans;
	}
	if (replay->label == GUARD_LABEL_TRAIN)
		guard_train(profile->profile);
}

static void note_events(struct guard_replay *replay, struct guard_process *process,
			struct guard_replay_profile *profile, uint32_t events)
{
	struct guard_trace_file *file = guard_list_at(&replay->files, process->trace);

	process->events |= events;
	file->events |= events;
	if (events & GUARD_ANOMALY && !process->anomalies++)
		process->first_anomaly = process->calls;
	if (events & GUARD_ALARMS && !process->first_alarm)
		process->first_alarm = process->calls;
	note_alarm(profile, events);
	note_normal(replay, profile, events);
}

static int call_stide(struct guard_replay *replay, struct runner *runner, struct guard_process *process,
		      uint32_t number)
{
	struct guard_stide *stide = guard_list_at(&replay->stides, process->profile);
	uint32_t lfc, events = 0;
	int unknown;

	stide->testing = replay->testing;
	unknown = guard_stide_call(stide, &runner->stide, number);
	if (unknown < 0)
		return unknown;
	if (!unknown || !replay->testing)
		return 0;
	lfc = guard_stide_lfc(&runner->stide);
	events = GUARD_ANOMALY | (lfc > replay->opts.rule.lfc_limit ? GUARD_ALARM_TASK : 0);
	if (lfc > process->max_lfc)
		process->max_lfc = lfc;
	note_events(replay, process, profile_of(replay, runner), events);
	return 0;
}

static int call(struct guard_replay *replay, const struct guard_trace_event *event)
{
	struct guard_replay_profile *profile;
	struct guard_process *process;
	struct guard_verdict verdict = {};
	struct runner *runner;
	int err;

	err = get_runner(replay, event->pid, &runner);
	if (err)
		return err;
	process = guard_list_at(&replay->processes, runner->process);
	profile = guard_list_at(&replay->profiles, process->profile);
	process->calls++;
	profile->calls++;
	replay->env.now++;
	if (!profile->profile)
		return call_stide(replay, runner, process, event->number);
	guard_call(&replay->env, &replay->opts.rule, profile->profile, &runner->task, event->number, &verdict);
	if (runner->task.max_lfc > process->max_lfc)
		process->max_lfc = runner->task.max_lfc;
	if (verdict.events)
		note_events(replay, process, profile, verdict.events);
	return 0;
}

/* What the end of a process, or of the program in it, means to its profile. */
static void leave(struct guard_replay *replay, struct runner *runner)
{
	struct guard_process *process = guard_list_at(&replay->processes, runner->process);
	struct guard_replay_profile *profile = guard_list_at(&replay->profiles, process->profile);
	uint32_t events = 0;

	if (profile->profile)
		events = guard_task_exit(&replay->env, &replay->opts.rule, profile->profile, &runner->task);
	runner->task.calls = 0;
	if (events)
		note_events(replay, process, profile, events);
}

static int exec(struct guard_replay *replay, const struct guard_trace_event *event)
{
	struct runner *runner = find_runner(replay, event->pid);
	int err = 0;

	if (runner)
		leave(replay, runner);
	else
		err = new_runner(replay, event->pid, &runner);
	return err ? err : start(replay, runner, event->pid, event->name, event->name_len);
}

static int fork_child(struct guard_replay *replay, const struct guard_trace_event *event)
{
	struct runner *parent, *child, copy;
	uint32_t profile;
	int err;

	err = get_runner(replay, event->pid, &parent);
	if (err)
		return err;
	copy = *parent; /* the list may move */
	profile = ((struct guard_process *)guard_list_at(&replay->processes, copy.process))->profile;
	err = new_runner(replay, event->number, &child);
	if (!err)
		err = begin_process(replay, child, event->number, profile);
	if (err)
		return err;
	guard_task_fork(&child->task, &copy.task);
	child->stide = copy.stide;
	return 0;
}

static int on_event(const struct guard_trace_event *event, void *data)
{
	struct guard_replay *replay = data;
	struct runner *runner;
	int err;

	switch (event->kind) {
	case GUARD_TRACE_CALL:
		return call(replay, event);
	case GUARD_TRACE_FORK:
		return fork_child(replay, event);
	case GUARD_TRACE_EXEC:
		return exec(replay, event);
	default:
		break;
	}
	err = get_runner(replay, event->pid, &runner);
	if (err)
		return err;
	if (event->kind == GUARD_TRACE_SIGNAL)
		guard_task_signal(&runner->task);
	else if (event->kind == GUARD_TRACE_SIGRETURN)
		guard_task_sigreturn(&runner->task);
	else
		leave(replay, runner);
	return 0;
}

void guard_replay_test(struct guard_replay *replay)
{
	struct guard_replay_profile *profile;

	replay->testing = true;
	guard_list_each(&replay->profiles, profile) if (profile->profile)
		guard_normalize(&replay->env, profile->profile);
}

/* --- files --- */

static int read_text(struct guard_replay *replay, const char *text, size_t len)
{
	struct guard_trace_file *file = guard_list_at(&replay->files, replay->files.count - 1);
	struct guard_trace_error error = {};
	struct runner *runner;
	uint64_t before = replay->env.now;
	int err;

	replay->runners.count = 0;
	guard_pids_deinit(&replay->pids);
	err = guard_trace_read(text, len, replay->opts.format, replay->names, on_event, replay, &error);
	guard_list_each(&replay->runners, runner) leave(replay, runner);
	file = guard_list_at(&replay->files, replay->files.count - 1);
	file->calls = replay->env.now - before;
	if (err == -EINVAL)
		snprintf(replay->reason, sizeof(replay->reason), "%s:%zu: %s", file->path, error.line, error.why);
	return err;
}

static int map_file(struct guard_replay *replay, int fd, size_t len)
{
	char *text;
	int err;

	if (!len)
		return 0;
	text = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (text == MAP_FAILED)
		return -errno;
	err = read_text(replay, text, len);
	munmap(text, len);
	return err;
}

static int replay_file(struct guard_replay *replay, const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct guard_trace_file *file;
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENOTSUP;
	file = guard_list_add(&replay->files);
	if (!file)
		return -ENOMEM;
	*file = (struct guard_trace_file){ .path = strdup(path), .label = replay->label };
	return file->path ? map_file(replay, fd, status.st_size) : -ENOMEM;
}

static int add_path(struct guard_list *paths, const char *path)
{
	char **entry = guard_list_add(paths);

	if (!entry)
		return -ENOMEM;
	*entry = strdup(path);
	return *entry ? 0 : -ENOMEM;
}

/* nftw(3) has no argument for it. */
static _Thread_local struct guard_list *walked;

static int walk_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
	const char *name = path + at->base;

	(void)status;
	if (type == FTW_DNR || type == FTW_NS)
		return -EACCES;
	return type == FTW_F && (name[0] != '.' || !at->level) ? add_path(walked, path) : 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static int walk(const char *path, struct guard_list *paths)
{
	struct stat status;
	int err;

	if (stat(path, &status))
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return add_path(paths, path);
	walked = paths;
	err = nftw(path, walk_entry, 16, FTW_PHYS);
	if (err)
		return err < -1 ? err : -errno;
	qsort(paths->items, paths->count, sizeof(char *), compare_paths);
	return paths->count ? 0 : -ENOENT;
}

int guard_replay_path(struct guard_replay *replay, const char *path, enum guard_label label)
{
	struct guard_list paths;
	const char *at = path;
	char **entry;
	int err;

	guard_list_init(&paths, sizeof(char *));
	replay->reason[0] = '\0';
	replay->label = label;
	err = walk(path, &paths);
	guard_list_each(&paths, entry)
	{
		if (!err) {
			at = *entry;
			err = replay_file(replay, at);
		}
	}
	if (err && !replay->reason[0])
		snprintf(replay->reason, sizeof(replay->reason), "%s: %s", at,
			 err == -ENOTSUP ? "not a file" : strerror(-err));
	guard_list_each(&paths, entry) free(*entry);
	guard_list_deinit(&paths);
	return err;
}
