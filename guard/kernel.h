/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine in the kernel: its BPF programs, and its profiles, which are shared memory. What people ask for is done to
 * them here, by the same code, while the kernel goes on.
 */
#ifndef GUARD_KERNEL_H
#define GUARD_KERNEL_H

#include <kview/kview.h>

#include "guard/memory.h"
#include "guard/guard_record.h"
#include "util/cleanup.h"

struct guard_kernel;

struct guard_kernel_opts {
	struct guard_rule rule;
	uint32_t profiles, blocks; /* at most */
	uint32_t event_bytes;	   /* of the buffer of events, a power of two of pages; 0: a default */
	bool chosen;		   /* guard the members of a view; else the whole machine, or cgroups of it */
	uint32_t response;	   /* of programs that are new: enum guard_response */
	double stop_seconds, refuse_seconds, delay_seconds, delay_max_seconds; /* of the responses; 0: a default */
};

/* -EPERM: needs CAP_BPF and CAP_PERFMON. */
int guard_kernel_open(const struct guard_kernel_opts *opts, struct guard_kernel **ret_kernel);
void guard_kernel_close(struct guard_kernel *kernel);
DEFINE_CLEANUP(struct guard_kernel *, guard_kernel_close)

/* Before guard_kernel_attach(): of the whole machine only what is in this cgroup, or below it. -ENOSPC: too many. */
int guard_kernel_add_cgroup(struct guard_kernel *kernel, int cgroup_fd);

/* See the calls from now on: of the members of @view, or, when it is NULL, of the whole machine or those cgroups. */
int guard_kernel_attach(struct guard_kernel *kernel, struct kview *view);

/*
 * Make what these responses (enum guard_response) need besides: refusing execs, and holding them before they begin
 * where no view does that, takes a program that all execs of the machine pass; that others cannot continue whom it
 * stops, one that all signals pass, where the kernel's BPF LSM is in use. -EOPNOTSUPP: they cannot be refused, as the
 * kernel's BPF LSM is not in use.
 */
int guard_kernel_prepare(struct guard_kernel *kernel, uint32_t responses);

/* Do nothing about process @tgid, whatever it runs; what it starts is not it. -ESRCH; -ENOSPC: too many. */
int guard_kernel_spare_process(struct guard_kernel *kernel, uint32_t tgid);

/* Profiles are numbered from 1 to guard_kernel_profile_count(); NULL: there is no such. */
uint32_t guard_kernel_profile_count(const struct guard_kernel *kernel);
struct guard_profile *guard_kernel_profile(const struct guard_kernel *kernel, uint32_t number);

/* A profile for an executable that has none yet. -ENOSPC: all are in use. */
int guard_kernel_profile_new(struct guard_kernel *kernel, const struct guard_identity *identity, const char *comm,
			     uint32_t *ret_number);

/* The identity of the file @path as the kernel sees it, which is not always that of stat(2). */
int guard_identity_of(const char *path, struct guard_identity *ret_identity);

/* The number of its profile. -ENOENT: it has none. */
int guard_kernel_profile_find(const struct guard_kernel *kernel, const struct guard_identity *identity,
			      uint32_t *ret_number);

/* What the engine needs to work on profiles of the kernel. */
struct guard_env *guard_kernel_env(struct guard_kernel *kernel);

const struct guard_counters *guard_kernel_counters(const struct guard_kernel *kernel);
const struct guard_settings *guard_kernel_settings(const struct guard_kernel *kernel);

/* Change the responses' times while it runs, as in guard_kernel_opts. */
void guard_kernel_set_times(struct guard_kernel *kernel, const struct guard_kernel_opts *opts);

/*
 * Walk what is waiting. The descriptor becomes readable when there is something, or when the process that holds others
 * has died: then this starts another. -ECHILD: it cannot do what it is for.
 */
typedef int (*guard_record_fn)(void *data, void *record, size_t size);
int guard_kernel_events(struct guard_kernel *kernel, guard_record_fn fn, void *data);
int guard_kernel_events_fd(const struct guard_kernel *kernel);

typedef int (*guard_task_fn)(const struct guard_task_record *record, void *data);
int guard_kernel_each_task(struct guard_kernel *kernel, guard_task_fn fn, void *data);

#endif /* GUARD_KERNEL_H */
