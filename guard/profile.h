/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guard keeps of an executable and of a task that runs it. The BPF program has these records in its maps, replay
 * has them in memory; all that works on them is in pairs.h and engine.h.
 *
 * Calls are told apart by 16-bit numbers (guard_call_number(), or whatever a recorded trace says). A profile gives each
 * call it sees a local id, so that its tables are as large as what the program does, not as what the kernel offers.
 */
#ifndef GUARD_PROFILE_H
#define GUARD_PROFILE_H

#include <linux/types.h>

#define GUARD_LOOKAHEAD 8  /* places back from the current call: a window of 9 */
#define GUARD_LOCALITY 128 /* calls in a locality frame */
#define GUARD_TILE 64	   /* ids in a tile: the bits of a word */
#define GUARD_TILES 4	   /* tiles in a row: ids fit the bytes of a window */
#define GUARD_IDS 253	   /* and three bytes mean something else: */
#define GUARD_ID_LOST 254  /* a call for which there was no id left */
#define GUARD_ID_NONE 255  /* before the first call */
#define GUARD_ID_UNSEEN 253 /* what the task did before the guard met it: nothing is learned or said of pairs with that */
#define GUARD_WINDOW_NONE ~0ULL
#define GUARD_WINDOW_UNSEEN 0xfdfdfdfdfdfdfdfdULL
#define GUARD_SLOTS 512	   /* of the hash from calls to ids: one for each number of a 64-bit call */
#define GUARD_FRAMES 4	   /* nested signal handlers whose windows are kept */
#define GUARD_COMM 16

/* Bit p of seen[c][i]: id p was seen i + 1 places before id c. The row of an id is one line of the cache. */
struct guard_tile {
	__u64 seen[GUARD_TILE][GUARD_LOOKAHEAD];
};

/* Bit c of none[i]: id c was seen with nothing i + 1 places before it, at the start of a process or of a handler. */
struct guard_start {
	__u64 none[GUARD_LOOKAHEAD];
};

/* A profile has two of everything. */
enum guard_copy {
	GUARD_ACCEPTED, /* what is normal */
	GUARD_RECENT,	/* what was learned since and is in none of the above */
	GUARD_COPIES,
};

/*
 * What a profile with more than GUARD_TILE ids has in addition: blocks of a pool, numbered from 1. What belongs to the
 * first GUARD_TILE ids alone is in the profile, and its place here not used.
 */
struct guard_more {
	__u16 calls[GUARD_TILES * GUARD_TILE];
	__u32 tiles[GUARD_COPIES][GUARD_TILES][GUARD_TILES]; /* by current call and earlier one */
	struct guard_start start[GUARD_COPIES][GUARD_TILES];
};

union guard_block {
	struct guard_tile tile;
	struct guard_more more;
};

/* Which files are the executable. Zeros in replay. */
struct guard_identity {
	__u64 device;
	__u64 inode;
};

struct guard_profile {
	struct guard_tile tile[GUARD_COPIES];
	struct guard_start start[GUARD_COPIES];
	__u16 calls[GUARD_TILE]; /* of each id */
	__u8 slots[GUARD_SLOTS]; /* id + 1 of a call; 0: free */
	__u32 id_count;		 /* ids given, or asked for: may exceed GUARD_IDS */
	__u32 accepted_ids;	 /* ids that existed when the profile became normal */
	__u32 more;		 /* block; 0: none */
	__u32 epoch;		 /* GUARD_EPOCH and GUARD_GENERATION: when it changes, tasks forget */
	__u8 normal;		 /* testing; else training */
	__u8 frozen;		 /* trained, and becomes normal at normal_time if nothing new comes */
	__u8 response;		 /* enum guard_response */
	__u8 reserved;
	__u32 spans, novel_spans;	  /* of the block of spans under way */
	__u32 normal_novel, normal_spans; /* of the last block before the profile was normal */
	__u32 sequences;		  /* calls that were learned from */
	__u32 lost;			  /* calls that could not be learned: no id or block left */
	__u32 alarms;
	__u64 created;			   /* ns */
	__u64 normal_time;		   /* ns */
	__u64 calls_seen;		   /* whole spans only, but with --rule ph */
	__u64 train_count, last_mod_count; /* as in pH: calls while training, and those since the last that was new */
	__u64 anomalies;
	__u64 told_since;   /* ns; of the anomalies that were told one by one, */
	__u32 told, untold; /* so many in that second; and how many there were too many of at all */
	struct guard_identity identity;
	char comm[GUARD_COMM];
};

/* What is done about an alarm, besides telling it: any of these. */
enum guard_response {
	GUARD_RESPONSE_SLOW = 1,	/* stop for a time that doubles with each anomaly of the locality frame */
	GUARD_RESPONSE_REFUSE_EXEC = 2, /* start no other program for some time */
	GUARD_RESPONSE_STOP = 4,	/* stop for some time */
	GUARD_RESPONSE_KILL = 8,
	GUARD_RESPONSES = 15,
	GUARD_RESPONSE_SPARED = 16, /* nothing at all, whatever else is set */
};

#define GUARD_EPOCH 1		 /* the locality frames of tasks no longer count */
#define GUARD_GENERATION 0x10000 /* ids mean something else: windows do not count either */

enum guard_task_flag {
	GUARD_TASK_NOVEL = 1,	     /* something new in this span */
	GUARD_TASK_ALARMED = 2,	     /* by its locality frame, until that has calmed down */
	GUARD_TASK_CALL_ALARMED = 4, /* by a first-ever call */
	GUARD_TASK_HELD = 8,	     /* by its last call: a signal that stops or kills it is on its way */
	GUARD_TASK_AGAIN = 16,	     /* that call did not begin, or was cut short: it makes it again when it goes on, */
	GUARD_TASK_AGAIN_DEPTH = 32, /* in as many handlers; the bits from here on are a number */
};

struct guard_task {
	__u64 window;		    /* ids of the last calls, the last in the lowest byte */
	__u64 locality[2];	    /* one bit for each call: was it an anomaly; the last in the lowest bit */
	__u64 frames[GUARD_FRAMES]; /* windows that signal handlers interrupted, the last first */
	__u32 profile;		    /* its number; 0: none */
	__u32 epoch;		    /* of the profile when the locality frame began */
	__u32 calls;		    /* since fork or exec, and short_calls: guard_task_calls() */
	__u32 anomalies;
	__u16 short_calls; /* that may be usual ones before the long way has to be gone again */
	__u8 lost_frames;  /* windows of which there were too many */
	__u8 unmatched;	   /* returns from a handler that was not seen to begin */
	__u8 depth;	   /* frames in use */
	__u8 lfc, max_lfc; /* ones in the locality frame */
	__u8 flags;	   /* enum guard_task_flag */
	__u32 tid;	   /* whose this is; 0: nobody's */
	__u32 no_exec_until; /* s since boot: it may start no program until then */
	__u64 born;	     /* and, above, the count of its execs: when that changes, another program runs */
};

_Static_assert(sizeof(struct guard_profile) <= 9 * 1024, "a profile takes at most 9 KiB");
_Static_assert(GUARD_FRAMES * GUARD_TASK_AGAIN_DEPTH < 0x100, "there are bits for all frames");
_Static_assert(sizeof(struct guard_task) <= 96, "a task takes at most 96 bytes");
_Static_assert(sizeof(struct guard_more) <= sizeof(struct guard_tile), "blocks are as large as a tile");

/* Whose calls: numbers of different spaces never mean the same. */
enum guard_space {
	GUARD_SPACE_64,
	GUARD_SPACE_32, /* int 0x80 and 32-bit sysenter, syscall */
	GUARD_SPACE_X32,
	GUARD_SPACE_IO_URING, /* operations submitted through a ring */
};

#define GUARD_SPACE_SHIFT 9
#define GUARD_NUMBER_MAX ((1 << GUARD_SPACE_SHIFT) - 1) /* stands for all numbers there are not */
#define GUARD_X32_BIT 0x40000000			/* __X32_SYSCALL_BIT */
#define GUARD_X32_NUMBERS 0x3ff				/* its own ones begin at 512 */

/* The number by which engine and profiles know call @number of @space. */
static inline __u32 guard_call_number(enum guard_space space, __u64 number)
{
	if (space == GUARD_SPACE_64 && (number & ~(__u64)GUARD_X32_NUMBERS) == GUARD_X32_BIT) {
		space = GUARD_SPACE_X32;
		number &= GUARD_X32_NUMBERS;
	}
	return space << GUARD_SPACE_SHIFT | (number < GUARD_NUMBER_MAX ? number : GUARD_NUMBER_MAX);
}

#endif /* GUARD_PROFILE_H */
