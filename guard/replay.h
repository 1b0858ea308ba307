/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded traces through the engine that runs in the kernel.
 *
 * Programs that traces name (strace) get a profile each; other traces of a replay share one. Training traces come
 * first; with guard_replay_test() all profiles become normal, and what follows is judged by them.
 */
#ifndef GUARD_REPLAY_H
#define GUARD_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/memory.h"
#include "guard/trace.h"

enum guard_model {
	GUARD_MODEL_PAIRS,
	GUARD_MODEL_STIDE,
};

enum guard_label {
	GUARD_LABEL_NONE, /* the rule decides what is training */
	GUARD_LABEL_TRAIN,
	GUARD_LABEL_NORMAL,
	GUARD_LABEL_ATTACK,
	GUARD_LABELS,
};

struct guard_replay_opts {
	struct guard_rule rule;
	enum guard_model model;
	enum guard_trace_format format;
};

/* A process or thread, or its part that ran one program: from an exec to the next, or to the end. */
struct guard_process {
	uint32_t trace; /* index of the file */
	uint32_t pid;
	uint32_t profile; /* index */
	uint32_t events;  /* enum guard_event of all its calls */
	uint64_t calls;
	uint64_t anomalies;
	uint64_t first_anomaly, first_alarm; /* its calls until then; 0: none */
	uint32_t max_lfc;
};

struct guard_trace_file {
	char *path;
	enum guard_label label;
	uint64_t calls;
	uint32_t events;
};

/* What became of a profile. */
struct guard_replay_profile {
	char *name;		       /* path of the program; "" for traces that name none */
	struct guard_profile *profile; /* NULL with GUARD_MODEL_STIDE */
	uint64_t calls, processes;
	uint64_t normal_after,
		normal_processes; /* calls and processes until it first was normal by its rule; 0: never */
	uint64_t normal_count;	  /* times it became so */
	uint32_t expected_novel, expected_spans; /* what it knew then about its rate */
	uint64_t alarm_after, alarm_processes;	 /* calls and processes until its own alarm; 0: none */
};

struct guard_replay;

int guard_replay_new(const struct guard_replay_opts *opts, struct guard_replay **ret_replay);
void guard_replay_free(struct guard_replay *replay);
DEFINE_CLEANUP(struct guard_replay *, guard_replay_free)

/*
 * Replay the file @path, or all files below it in the order of their names. -EINVAL: a file is no trace. After any
 * failure guard_replay_reason() says which file, where and why.
 */
int guard_replay_path(struct guard_replay *replay, const char *path, enum guard_label label);
const char *guard_replay_reason(const struct guard_replay *replay);

/* End of training: all profiles are normal now. */
void guard_replay_test(struct guard_replay *replay);

/*
 * Begin with the profiles kept in the database @path, or keep them there: guard/store.h tells how. They are known by
 * the names traces have for programs. Not with GUARD_MODEL_STIDE.
 */
int guard_replay_load(struct guard_replay *replay, const char *path);
int guard_replay_save(struct guard_replay *replay, const char *path);

/* Results; owned by @replay. */
const struct guard_trace_file *guard_replay_files(const struct guard_replay *replay, size_t *ret_count);
const struct guard_process *guard_replay_processes(const struct guard_replay *replay, size_t *ret_count);
const struct guard_replay_profile *guard_replay_profiles(const struct guard_replay *replay, size_t *ret_count);

#endif /* GUARD_REPLAY_H */
