/* SPDX-License-Identifier: GPL-2.0-only */
/* What flame.bpf.c and recorder.c say to each other. */
#ifndef KVIEW_MONITOR_FLAME_RECORD_H
#define KVIEW_MONITOR_FLAME_RECORD_H

#define FLAME_COMM_LEN 16   /* TASK_COMM_LEN */
#define FLAME_DEPTH 127	    /* kernel.perf_event_max_stack, which bpf_get_stack() cannot exceed */
#define FLAME_STACKS 16384  /* different stacks, 1 KiB each: 16 MiB */
#define FLAME_KEYS 32768    /* different pairs of stacks with their process */
#define FLAME_THREADS 32768 /* threads that sleep at a time */
#define FLAME_CGROUPS 16    /* given on the command line */

/* Stacks are known by a hash of their addresses, of 64 bits. */
#define FLAME_NO_STACK 0   /* there is none, as the user's of a kernel thread */
#define FLAME_STACK_LOST 1 /* there was no room for it */

struct flame_stack {
	__u64 count;
	__u64 addrs[FLAME_DEPTH]; /* innermost first; @count of them mean something */
};

/* A program in a process: execve() makes a new one. */
struct flame_image {
	__u32 tgid;
	__u32 exec;
};

struct flame_key {
	struct flame_image image;
	__u64 user;
	__u64 kernel;
	char comm[FLAME_COMM_LEN]; /* of the thread */
};

/* What was seen under a key: samples, or nanoseconds and how often they began. */
struct flame_value {
	__u64 value;
	__u64 count;
};

/* A thread that has left its CPU. */
struct flame_sleep {
	__u64 since;   /* CLOCK_MONOTONIC */
	__u64 runtime; /* CPU time it had used */
	__u32 tgid;
	__u32 reserved;
	struct flame_key key;
};

/* What is not in the results, and why. */
enum flame_lost {
	FLAME_LOST_KEYS,    /* samples: FLAME_KEYS */
	FLAME_LOST_STACKS,  /* samples whose stack found no room, FLAME_STACKS; they are in the results without it */
	FLAME_LOST_THREADS, /* sleeps: FLAME_THREADS */
	FLAME_LOST_IMAGES,  /* images nobody was told of */
	FLAME_LOST_MAX,
};

/* Members in scope. */
struct flame_member {
	__u32 follow; /* what it forks, too */
};

_Static_assert(sizeof(struct flame_key) == 40, "no padding: it is hashed");

#endif /* KVIEW_MONITOR_FLAME_RECORD_H */
