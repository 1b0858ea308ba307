/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guard.bpf.c and kernel.c share: events, settings, counters. */
#ifndef GUARD_RECORD_H
#define GUARD_RECORD_H

#include "guard/engine.h"

#define GUARD_TOLD_PER_SECOND 10 /* anomalies of a profile that are told one by one */
#define GUARD_HELD_MAX 1024	 /* processes that are stopped at the same time */
#define GUARD_CGROUPS_MAX 8	 /* that an ordinary tracepoint is narrowed to */
#define GUARD_SPARED_MAX 64	 /* processes that are spared, besides programs */
#define GUARD_PLACES 16384	 /* of tasks; who finds its own taken has another, which takes longer to find */

/* Events of the kernel besides those of the engine. */
enum guard_kernel_event {
	GUARD_NEW_PROFILE = 0x100,
	/* responses */
	GUARD_KILLED = 0x200,
	GUARD_STOPPED = 0x400,
	GUARD_SLOWED = 0x800,
	GUARD_REFUSED_EXEC = 0x1000,
	GUARD_RESPONSES_DONE = 0x1e00,
};

struct guard_record {
	__u64 time; /* ns since boot */
	__u32 tgid, tid;
	__u32 profile;
	__u32 call;
	__u32 events; /* enum guard_event, enum guard_kernel_event */
	__u32 lfc;
	__u64 calls; /* of the task */
	char comm[GUARD_COMM];
};

/* A process that is stopped. */
struct guard_hold {
	__u64 until; /* ns since boot */
	__u64 born;  /* start_time of its first thread: another one may get its id */
};

struct guard_settings {
	struct guard_rule rule;
	__u32 guard_tgid, holder_tgid; /* never touched */
	__u32 profile_max, block_max;
	__u32 cgroups;		      /* narrowed to these; 0: not */
	__u32 response;		      /* of new profiles: enum guard_response */
	__u32 released;		      /* nobody is stopped any more: the guard has died, or its holder */
	__u32 spares;		      /* there are spared processes */
	__u32 puts_off;		      /* calls of members, until the signal that holds them has been taken */
	__u32 refuse_seconds;	      /* no exec for so long after an alarm */
	__u64 stop_ns;		      /* until a stopped process goes on */
	__u64 delay_ns, delay_max_ns; /* pH's factor: times 2^LFC, and at most */
};

struct guard_counters {
	__u32 profiles, blocks;	 /* numbers given; profiles from 1 */
	__u64 no_profile;	 /* programs for which none was left */
	__u64 no_block;		 /* calls for which a profile got no more room */
	__u64 no_task;		 /* times a task could not be kept */
	__u64 lost_events;	 /* the buffer was full */
	__u64 lost_frames;	 /* windows of nested signal handlers */
	__u64 unmatched_returns; /* from handlers that were not seen to begin */
	__u64 killed, held, refused;
	__u64 not_held;	     /* GUARD_HELD_MAX were stopped already, or the holder had no descriptors left */
	__u64 not_continued; /* times others tried to let one go */
	__u64 holders_died;  /* and another was started; all that were held were let go */
};

/* One of the tasks that are guarded. */
struct guard_task_record {
	__u32 tgid, tid;
	struct guard_task task;
	char comm[GUARD_COMM];
};

#endif /* GUARD_RECORD_H */
