// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard/replay_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/paths.h"

/* Blocks for profiles with many calls: 31 is what one can use. */
#define BLOCKS 4096

int guard_replay_new(const struct guard_replay_opts *opts, struct guard_replay **ret_replay)
{
	_cleanup_(guard_replay_freep) struct guard_replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return -ENOMEM;
	replay->opts = *opts;
	guard_list_init(&replay->files, sizeof(struct guard_trace_file));
	guard_list_init(&replay->processes, sizeof(struct guard_process));
	guard_list_init(&replay->profiles, sizeof(struct guard_replay_profile));
	guard_list_init(&replay->runners, sizeof(struct guard_runner));
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
	guard_list_each(&replay->files, file)
		free(file->path);
	guard_list_each(&replay->profiles, profile) {
		free(profile->name);
		free(profile->profile);
	}
	guard_list_each(&replay->stides, stide)
		guard_stide_deinit(stide);
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

/* --- files --- */

static int read_text(struct guard_replay *replay, const char *text, size_t len)
{
	struct guard_trace_file *file = guard_list_at(&replay->files, replay->files.count - 1);
	struct guard_trace_error error = {};
	uint64_t before = replay->env.now;
	int err;

	guard_replay_begin_processes(replay);
	err = guard_trace_read(text, len, replay->opts.format, replay->names, guard_replay_event, replay, &error);
	guard_replay_end_processes(replay);
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

int guard_replay_path(struct guard_replay *replay, const char *path, enum guard_label label)
{
	struct guard_list paths;
	const char *at = path;
	char **entry;
	int err;

	guard_paths_init(&paths);
	replay->reason[0] = '\0';
	replay->label = label;
	err = guard_paths_find(path, &paths);
	guard_list_each(&paths, entry) {
		if (!err) {
			at = *entry;
			err = replay_file(replay, at);
		}
	}
	if (err && !replay->reason[0])
		snprintf(replay->reason, sizeof(replay->reason), "%s: %s", at,
			 err == -ENOTSUP ? "not a file" : strerror(-err));
	guard_paths_deinit(&paths);
	return err;
}
