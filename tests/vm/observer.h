/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that write down all that they are given (context.bpf.c), attached by the kernel and in a view, and whether
 * both have been given the same.
 */
#ifndef TESTS_VM_OBSERVER_H
#define TESTS_VM_OBSERVER_H

#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "context_record.h"

#define KERNEL_COOKIE 0x1234567890abcdefULL
#define KVIEW_COOKIE 0xfedcba0987654321ULL

struct context;
struct perf_event_attr;

/* The programs, for one of the two ways of attaching. */
struct observer {
	struct context *bpf;
	int kprobe, multi, session, fentry, fexit, enter, exit, raw; /* @session: of kernels that have it */
};

struct observer observer_new(pid_t tgid);

/* What was written down; it is forgotten then. */
struct context_record observer_take(struct observer *observer);

/* The call that is looked at, with arguments to recognise; it fails for its first one. */
#define OBSERVED_CALL SYS_epoll_ctl
void observed_call(void);

/* A perf event, and a link of it and the program, with a cookie: what libbpf's attach functions make. */
int kernel_event(struct perf_event_attr *attr);
int kernel_attach(int event, int prog);

/* A link of the view, at the function or the number of that call. */
int observer_link(int view, __u32 kind, int prog);

void expect_same_task(const struct context_record *ours, const struct context_record *kernels);
void expect_same_user_stack(const struct context_record *ours, const struct context_record *kernels);

/* The last @count frames, counted from the outermost; none where the kernel has none. */
void expect_same_outer_frames(const struct context_record *ours, const struct context_record *kernels, int count);

/* Stacks as bpf_get_stackid() has stored them, but for the first @skip frames in the kernel. */
void expect_stored_stacks(struct observer *observer, const struct context_record *record, int skip);

#endif /* TESTS_VM_OBSERVER_H */
