/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Record the stacks of processes: where they spend CPU time, or where they wait. */
#ifndef KVIEW_MONITOR_RECORDER_H
#define KVIEW_MONITOR_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "flame_tree.h"
#include "util/cleanup.h"

struct bpf_program;
struct recorder;

struct recorder_options {
	bool off_cpu;
	/* off-CPU: recorder_program() runs for the chosen processes alone, since the caller attaches it so */
	bool scoped;
	unsigned int hz; /* on-CPU: samples a second of each thread that runs */
};

/* What a recording has, and what it lacks. */
struct recorder_stats {
	uint64_t samples;  /* or, off-CPU, times a thread waited */
	uint64_t value;	   /* samples, or nanoseconds */
	uint64_t lost;	   /* not in the results: no room for more different stacks, or more threads */
	uint64_t stackless; /* in the results without their stack, for the same reason */
	/* with a stack whose addresses mean nothing: the process had ended before it could be looked at */
	uint64_t nameless;
	/* with a stack that does not reach the beginning of its thread: code without frame pointers */
	uint64_t truncated;
	size_t processes;
	bool kernel_hidden; /* addresses of the kernel have no names for us */
};

/* -EPERM: needs CAP_BPF and CAP_PERFMON. Others are libbpf's, which has said why. */
int recorder_open(const struct recorder_options *options, struct recorder **ret_recorder);
void recorder_close(struct recorder *recorder);
DEFINE_CLEANUP(struct recorder *, recorder_close)

/* Of an off-CPU recorder that is scoped: the program for tracepoint sched_switch, for the caller to attach. */
struct bpf_program *recorder_program(struct recorder *recorder);

/*
 * Choose what to record, which begins at once: process @pid, with @tree all its descendants; the cgroup of directory
 * @fd. -ESRCH
 */
int recorder_add_process(struct recorder *recorder, pid_t pid, bool tree);
int recorder_add_cgroup(struct recorder *recorder, int fd);

/* Readable when recorder_read() has something to do, which should not wait: processes end. */
int recorder_fd(const struct recorder *recorder);
int recorder_read(struct recorder *recorder);

/* Call it some times a second: sees what processes have mapped since. */
int recorder_refresh(struct recorder *recorder);

/* End the recording, and give names to what it has. */
int recorder_finish(struct recorder *recorder, struct flame_tree **ret_tree, struct recorder_stats *ret_stats);

#endif /* KVIEW_MONITOR_RECORDER_H */
