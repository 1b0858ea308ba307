/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a replay share. */
#ifndef GUARD_REPLAY_INTERNAL_H
#define GUARD_REPLAY_INTERNAL_H

#include "guard/list.h"
#include "guard/pids.h"
#include "guard/replay.h"
#include "guard/stide.h"

/* What runs on of a process while its trace is read. */
struct guard_runner {
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

/* The index of the profile that is called by the @len characters of @name; it is made if there is none. */
int guard_replay_find_profile(struct guard_replay *replay, const char *name, size_t len, uint32_t *ret_index);

/*
 * Processes are those of one file: between their beginning and their end come its events, with the replay for @data.
 * Who is left at the end has ended, too.
 */
void guard_replay_begin_processes(struct guard_replay *replay);
int guard_replay_event(const struct guard_trace_event *event, void *data);
void guard_replay_end_processes(struct guard_replay *replay);

#endif /* GUARD_REPLAY_INTERNAL_H */
