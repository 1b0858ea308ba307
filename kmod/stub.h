/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stub: the trampoline a patched site calls, and the list of hooks it serves.
 *
 * With hooks on the function's return the stub calls the function, so its frame is on the stack meanwhile (kview_around());
 * otherwise it has gone when the function runs.
 *
 * A stub never changes once it is reachable: another program at the site means another stub. It holds a reference on
 * each of its links, and is freed through kview_retire() when no CPU and no preempted task can be in it.
 */
#ifndef KVIEW_STUB_H
#define KVIEW_STUB_H

#include <linux/llist.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>
#include <linux/types.h>

#include "hook.h"
#include "threads.h"

struct kview_proto;

#define KVIEW_SESSIONS_MAX 64	/* on one function: a bit each in a word of the frame */
#define KVIEW_SITE_OFFSET_MAX 4 /* a site stands at its function's start, or behind a 4-byte endbr */

struct kview_pin;

enum kview_role {
	KVIEW_ROLE_ENTRY,	  /* any function */
	KVIEW_ROLE_SYSCALL_ENTER, /* (struct pt_regs *user, unsigned int number) */
	KVIEW_ROLE_SYSCALL_EXIT,  /* (struct pt_regs *user) */
	KVIEW_ROLE_SECCOMP,	  /* __secure_computing(): before sys_enter, may keep it from firing */
	KVIEW_ROLE_SUBMIT,	  /* perf_trace_run_bpf_submit(): behind what builds a tracepoint's record */
	KVIEW_ROLE_TRACE,	  /* a tracepoint */
};

/* Hooks by when they run and how their programs want to be called, in this order. */
enum kview_group {
	KVIEW_ENTRIES,	     /* kprobe programs, struct pt_regs */
	KVIEW_TRACE_ENTRIES, /* tracing programs, array of arguments */
	KVIEW_RAWS,	     /* tracepoints, those of system calls too: raw tracepoint programs */
	KVIEW_CALLS,	     /* system calls: tracepoint programs */
	KVIEW_LATE,	     /* entries of calls nobody was called for, where they end: both kinds of program */
	KVIEW_SUBMITS,	     /* run nothing of their own: tracepoint programs whose records end there */
	KVIEW_RETURNS,	     /* from here on at the function's return: kprobe programs */
	KVIEW_TRACE_RETURNS, /* tracing programs, arguments and result */
	KVIEW_DENIALS,	     /* run nothing: those of KVIEW_LATE have to know what seccomp said */
	KVIEW_GROUPS,
};

/* A hook at a site, and for whom. */
struct kview_use {
	struct kview_hook *hook;
	struct kview_threads *threads; /* NULL: for all tasks of the members */
};

struct kview_stub {
	struct llist_node retired;
	unsigned long site;
	struct kview_place place;
	enum kview_role role;
	const struct kview_pin *pin; /* what the module itself does here, or NULL */
	void *code;	/* in the arena */
	size_t size;
	unsigned long chain; /* where the shared site's own call led when the code was written; 0: nowhere */
	size_t resume;	/* where in @code the function returns to, with hooks on its return */
	u16 *first;	/* [KVIEW_SYSCALL_MAX + 2] first hook of each system call, for roles that have such hooks */
	const struct kview_proto *proto; /* with tracing programs: of the function; their link's */
	unsigned long function;		 /* its address */
	u32 stack_words; /* arguments the function expects on the stack */
	u32 area;	/* words of the frame that last as long as the function */
	bool interrupts; /* some hook wants interrupts, too */
	u32 sessions;	/* hooks at both ends; each is in @hooks twice */
	struct kview_threads *only;	/* all hooks are for them: others pass by. NULL: see @threads */
	struct kview_threads **threads; /* [@count] for whom each hook is, where that differs; NULL: all are for all */
	u32 count;
	u32 group[KVIEW_GROUPS + 1]; /* group g is @hooks[@group[g]] to @hooks[@group[g + 1]] */
	struct kview_hook *hooks[];
};

static inline u32 kview_group_count(const struct kview_stub *stub, enum kview_group group)
{
	return stub->group[group + 1] - stub->group[group];
}

/* Is its frame on the stack while the function runs? */
static inline bool kview_around(const struct kview_stub *stub)
{
	return stub->count > stub->group[KVIEW_RETURNS];
}

/* May its @index-th program run for @task, which has got past @only? */
static inline bool kview_stub_is_for(const struct kview_stub *stub, u32 index, const struct task_struct *task)
{
	return !stub->threads || !stub->threads[index] || kview_threads_has(stub->threads[index], task);
}

/*
 * Not zero while @task is in a system call whose entry has been seen, or which seccomp denied. Of a word that belongs to
 * the task alone: the one next to the end of its stack, which nothing reaches that does not overflow it. Only where hooks of
 * all calls are is it written; what is left of it when they go may hide one call with a number the kernel does not have.
 */
static inline unsigned long *kview_call_settled(const struct task_struct *task)
{
	return end_of_stack(task) + 1;
}

/* Bit per session: does it want the return? */
static inline u64 *kview_session_wanted(const struct kview_stub *stub, struct pt_regs *regs)
{
	return (u64 *)(regs + 1) + stub->area - 1;
}

/* 8 bytes the program of the @index-th session has for itself. */
static inline u64 *kview_session_data(const struct kview_stub *stub, struct pt_regs *regs, u32 index)
{
	return kview_session_wanted(stub, regs) - 1 - index;
}

/* Where the trace record of a stub with tracing programs begins, given the registers below it. */
static inline u64 *kview_trace_record(struct pt_regs *regs)
{
	return (u64 *)(regs + 1) + 2;
}

/*
 * Build the stub for @place with @uses[@count] and reserve its memory; its code is written by kview_stub_emit().
 * -ENOMEM, -E2BIG: more programs than a stub can take.
 */
int kview_stub_new(const struct kview_place *place, const struct kview_use *uses, u32 count, struct kview_stub **ret_stub);

/*
 * Write the code. @chain: where the shared site's own call leads, 0 for none. @buffer: scratch memory of @stub->size.
 * Under text_mutex, so nothing is allocated here: reclaim must not wait for the lock we hold.
 */
void kview_stub_emit(struct kview_stub *stub, unsigned long chain, void *buffer);

/* Nothing may be able to run it any more; takes text_mutex. */
void kview_stub_free(struct kview_stub *stub);

/* The patch for its place, of that one's size: a call of the stub, or a jump into it. */
void kview_stub_patch(const struct kview_stub *stub, u8 *patch);

/*
 * What stands at a shared site right now (in @code): nothing (@ret_chain 0) or a call. False for anything else.
 */
bool kview_site_decode(unsigned long site, const u8 code[KVIEW_SITE_SIZE], unsigned long *ret_chain);

#endif
