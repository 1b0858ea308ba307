/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of exec/ share while a tool runs. */
#ifndef KVIEW_EXEC_SUPERVISOR_H
#define KVIEW_EXEC_SUPERVISOR_H

#include "exec.h"
#include "inherited.h"
#include "leaving.h"
#include "pending.h"
#include "supervise/call.h"
#include "supervise/perf_request.h"
#include "tool.h"
#include "tracefs.h"

struct btf;

struct supervisor {
	const struct exec_options *options;
	int device; /* /dev/kview */
	struct tool tool;
	struct perf_types types;
	struct tracepoints points;
	struct pending pending;
	struct leaving leaving;
	struct inherited inherited;
	struct btf *btf;      /* the kernel's types, once they were needed */
	bool reads_hooks;     /* the tool has opened hooks as events to read itself, as perf(1) does */
	char **said;	 /* the notes so far */
	size_t said_count;
};

/* Tell a person, but nothing twice. */
void supervisor_note(struct supervisor *sup, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* May the tool attach programs by its own rights? A refusal has been told when this returns. */
bool supervisor_lets_attach(struct supervisor *sup, const struct call *call);

union bpf_attr;

/*
 * pass.c: what acts beyond processes, with its note: a program in a link, in BPF_PROG_ATTACH, of a socket (setsockopt(2)),
 * of those that we do not see attached, the registration of a struct_ops map.
 */
struct answer pass_link(struct supervisor *sup, int prog_fd);
struct answer pass_prog_attach(struct supervisor *sup, const struct call *call, const union bpf_attr *attr);
struct answer pass_socket(struct supervisor *sup, const struct call *call);
struct answer pass_load(struct supervisor *sup, const struct call *call, const union bpf_attr *attr);
struct answer pass_struct_ops(struct supervisor *sup);

/* The note about timers alone. */
void pass_timers(struct supervisor *sup);

/* The three system calls. Each returns what the tool's call is to return. perf_open.c perf_ioctl.c bpf_call.c */
struct answer perf_open_call(struct supervisor *sup, const struct call *call);
struct answer perf_ioctl_call(struct supervisor *sup, const struct call *call);
struct answer bpf_call(struct supervisor *sup, const struct call *call);

/*
 * attach.c: attach the tool's program @prog_fd (a descriptor of ours) in the view. @ret_link gets the link, which is the
 * caller's. A refusal has been told when these return.
 */
int attach_hook(struct supervisor *sup, const struct hook *hook, int prog_fd, uint64_t cookie, int *ret_link);

/* The same for a program of type tracing, which alone knows where it belongs. @attach_type may be 0. */
int attach_tracing(struct supervisor *sup, uint32_t attach_type, int prog_fd, uint64_t cookie, int *ret_link);

/* In a dry run: list a program that would be attached for @scope, and nothing else. */
int attach_nowhere(struct supervisor *sup, const char *label, enum exec_scope scope, int prog_fd, int *ret_link);

struct kview_target;

/* Nothing but the link, which is returned. @flags are KVIEW_LINK_*; after a failure @ret_why says why, without a word. */
int attach_link(const struct supervisor *sup, uint32_t flags, uint32_t kind, struct kview_target *targets,
		uint32_t count, int prog_fd, uint32_t *ret_why);

/*
 * Attach to many functions at once, all named or all by address (functions[i].name 0). Those that cannot be hooked are
 * left out, which is told; -EOPNOTSUPP when none is left.
 */
int attach_many(struct supervisor *sup, uint32_t kind, struct kview_target *functions, uint32_t count, int prog_fd,
		int *ret_link);

/* Say for people which link the tool's descriptor is: "PROGRAM on KIND HOOK". */
void attach_describe(const struct call *call, int theirs, char *text, size_t size);

/* 0: the module could hook that. Else its errno and KVIEW_WHY_*. */
int attach_check(const struct supervisor *sup, const struct hook *hook, uint32_t *ret_why);

#endif /* KVIEW_EXEC_SUPERVISOR_H */
