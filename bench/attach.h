/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching programs the ordinary ways and through views. */
#ifndef BENCH_ATTACH_H
#define BENCH_ATTACH_H

#include <stddef.h>
#include <sys/types.h>

#include "calls.h"
#include "paths.h"
#include "programs.h"

struct attachment;

enum way {
	WAY_KPROBE,	     /* perf event */
	WAY_FENTRY,
	WAY_TRACEPOINT,	     /* tracepoint/syscalls/sys_enter_NAME, perf event */
	WAY_PERF,	     /* the same event without program, for one process: perf -p */
	WAY_RAW_TRACEPOINT,  /* raw_tp/sys_enter */
	WAY_VIEW_FUNCTION,   /* function entry in a view */
	WAY_VIEW_SYSCALL,    /* tracepoint/syscalls/sys_enter_NAME in a view */
	WAY_VIEW_RAW,	     /* raw_tp/sys_enter in a view */
	WAYS,
};

/* What is to be attached; one of @hooks and @programs is 1. */
struct plan {
	enum way way;
	enum call call;
	enum program program; /* views on system calls have no PROGRAM_FILTER, which would be pointless */
	size_t hooks;	      /* HOOKS_MAX at most; hook 0 is the call's own */
	size_t programs;      /* on each hook */
	pid_t member;	      /* of the view; whom perf looks at */
};

/* "function", "tracepoint", "raw_tp" */
const char *way_kind(enum way way);

/* How often one call meets the hooks of @plan. */
unsigned int plan_hits(const struct plan *plan, const struct path *path);

/* Load programs and open the view, with its member; nothing is hooked yet. */
int attachment_new(const struct plan *plan, const struct programs *programs, const struct path *path,
		   struct attachment **ret_attachment);
void attachment_free(struct attachment *attachment);

/* Hook and unhook; the second ends the view, too. -E2BIG: more than this way can do. */
int attachment_hook(struct attachment *attachment);
void attachment_unhook(struct attachment *attachment);

/* A descriptor of a kprobe without program. */
int attach_open_kprobe(const char *function);

#endif
