/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded system calls, read from text:
 *
 *   pairs    "PID NUMBER" on each line, of processes that may take turns (University of New Mexico, MIT)
 *   list     numbers between white space; the file is one process (ADFA-LD)
 *   strace   what `strace -f -o FILE` writes, with or without -t, -tt, -ttt, -r
 *
 * Numbers are opaque, up to GUARD_TRACE_NUMBER_MAX. Names of x86-64 have their own; others get numbers above that.
 */
#ifndef GUARD_TRACE_H
#define GUARD_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "util/cleanup.h"

#define GUARD_TRACE_NUMBER_MAX 0x7fff

enum guard_trace_format {
	GUARD_TRACE_AUTO, /* by the first line */
	GUARD_TRACE_PAIRS,
	GUARD_TRACE_LIST,
	GUARD_TRACE_STRACE,
};

enum guard_trace_kind {
	GUARD_TRACE_CALL,
	GUARD_TRACE_FORK,      /* of process or thread @pid: @number is the child */
	GUARD_TRACE_EXEC,      /* @name: the executable, not ended by a 0 */
	GUARD_TRACE_SIGNAL,    /* a handler begins */
	GUARD_TRACE_SIGRETURN, /* and ends; the call itself follows */
	GUARD_TRACE_EXIT,
};

struct guard_trace_event {
	enum guard_trace_kind kind;
	uint32_t pid;
	uint32_t number;
	const char *name;
	size_t name_len;
};

/* Where and why a trace cannot be read. */
struct guard_trace_error {
	size_t line;
	char why[160];
};

/* Returns 0 to go on; anything else ends the trace and is returned. */
typedef int (*guard_trace_fn)(const struct guard_trace_event *event, void *data);

/* Names that occurred so far. */
struct guard_names;

struct guard_names *guard_names_new(void);
void guard_names_free(struct guard_names *names);
DEFINE_CLEANUP(struct guard_names *, guard_names_free)

/* The number of @name[@len]: the kernel's, or a new one if need be. -ENOSPC: there are too many. */
int guard_names_number(struct guard_names *names, const char *name, size_t len);

/* The name that was given this number; NULL: none was. */
const char *guard_names_name(const struct guard_names *names, uint32_t number);

/* A word: "auto", "pairs", "list", "strace". NULL and -EINVAL for others. */
const char *guard_trace_format_name(enum guard_trace_format format);
int guard_trace_format_parse(const char *word, enum guard_trace_format *ret_format);

/*
 * Read @text[@len] and report what happened in it. -EINVAL: it is no such trace, @ret_error says where; events before
 * that have been reported.
 */
int guard_trace_read(const char *text, size_t len, enum guard_trace_format format, struct guard_names *names,
		     guard_trace_fn fn, void *data, struct guard_trace_error *ret_error);

#endif /* GUARD_TRACE_H */
