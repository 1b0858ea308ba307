/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What trace.bpf.c and the rest of `kview trace` share: what is known of each hook, its events, its counts. */
#ifndef KVIEW_CLI_TRACE_EVENT_H
#define KVIEW_CLI_TRACE_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define TRACE_ARGS 6 /* what registers hold, of system calls and functions */
#define TRACE_TEXTS 2 /* arguments of one event that are shown as text */
#define TRACE_TEXT_LEN 256 /* of each, with its NUL; longer ones are cut */
#define TRACE_DATA_LEN (TRACE_TEXTS * TRACE_TEXT_LEN)
#define TRACE_SYSCALLS 1024 /* numbers below; x86-64 uses fewer than 600 */
#define TRACE_SLOTS 40 /* of histograms: the last is for nine minutes and more */
#define TRACE_COMM_LEN 16 /* TASK_COMM_LEN */

/* What a result is, as far as telling errors from successes goes. */
enum trace_result {
	TRACE_RESULT_NONE,
	TRACE_RESULT_INT,      /* 32 bits, signed */
	TRACE_RESULT_LONG,     /* 64 bits, signed */
	TRACE_RESULT_UNSIGNED, /* no value of it is an error */
	TRACE_RESULT_POINTER,  /* the last 4095 are errors */
};

/* An argument that points to text in the member's memory. */
struct trace_text_arg {
	__u8 arg;    /* its number, from 1; 0: there is none */
	__u8 length; /* number of the argument that holds its length; 0: it ends with a NUL */
};

struct trace_hook_info {
	struct trace_text_arg texts[TRACE_TEXTS];
	__u8 result;	/* enum trace_result */
	__u8 endless;	/* a system call that does not come back */
	__u16 size;	/* bytes of a tracepoint's record that are always there */
};

enum trace_flags {
	TRACE_HAS_ARGS = 1,
	TRACE_HAS_RESULT = 2,
	TRACE_HAS_DURATION = 4,
	TRACE_UNFINISHED = 8, /* it has not come back, or never does */
	TRACE_HAS_RECORD = 16, /* data[] is a tracepoint's record */
};

struct trace_event {
	__u64 ns; /* CLOCK_MONOTONIC, when it began */
	__u64 duration_ns;
	__s64 result;
	__u64 args[TRACE_ARGS];
	__u32 hook;
	__u32 pid;
	__u32 tid;
	__u32 flags; /* enum trace_flags */
	char comm[TRACE_COMM_LEN];
	__u32 data_len;		  /* of data[]: 0 or TRACE_DATA_LEN */
	__u16 sizes[TRACE_TEXTS]; /* bytes of each text, 0 where it could not be read; or of a tracepoint's record */
	char data[];		  /* texts, TRACE_TEXT_LEN apart; or a tracepoint's record */
};

/* A call that has begun. */
struct trace_key {
	__u64 where; /* task of a system call; where on the stack a function's return address lies */
	__u64 hook;  /* of a function; TRACE_SYSCALL */
};

#define TRACE_SYSCALL ~0ULL

struct trace_call {
	__u64 ns;
	__u64 args[TRACE_ARGS];
	__u32 hook;
	__u32 pid;
	__u32 tid;
	__u32 has_text; /* there is a struct trace_text of the same key */
	char comm[TRACE_COMM_LEN];
};

struct trace_text {
	__u16 sizes[TRACE_TEXTS];
	__u32 pad;
	char data[TRACE_DATA_LEN];
};

/* Of one hook, for -c. */
struct trace_stats {
	__u64 hits;
	__u64 errors;
	__u64 returns; /* whose time was taken */
	__u64 total_ns;
	__u64 min_ns; /* 0: none yet; what took less than a nanosecond took one */
	__u64 max_ns;
	__u64 slots[TRACE_SLOTS]; /* see histogram.h */
};

#endif /* KVIEW_CLI_TRACE_EVENT_H */
