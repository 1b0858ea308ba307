/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hook: one place of a link where its program runs.
 *
 * All kinds patch function entries. System calls are hooked at the two functions every one of them passes: dispatch
 * (x64_sys_call, ia32_sys_call) stands where the kernel's sys_enter tracepoint has fired, and
 * syscall_exit_to_user_mode_prepare is the function in which sys_exit fires. So no task flag is needed that other users
 * of the tracepoints could clear, children inherit nothing, and a member stays visible to every other tracer.
 *
 * A call whose number the kernel does not have is dispatched to nobody. Hooks of all calls see its entry where it ends,
 * which is right behind it, unless seccomp denied it: then the tracepoint has not fired (run_syscall.c).
 */
#ifndef KVIEW_HOOK_H
#define KVIEW_HOOK_H

#include <linux/kprobes.h>
#include <linux/types.h>
#include <kview.h>

#include "place.h"

#define KVIEW_SITE_SIZE 5	  /* the ftrace nop or call */
#define KVIEW_NUMBER_ALL KVIEW_SYSCALL_ALL /* every system call */

struct kview_link;
struct kview_record;
struct kview_tracepoint;
struct trace_event_call;

/* Per CPU; each hook has its own, so that the stub can count with one instruction. */
struct kview_counts {
	u64 runs;
	u64 missed;
	u64 skipped;
};

struct kview_hook {
	struct kview_link *link;
	unsigned long addr; /* function entry; 0 for system calls */
	u64 number;	    /* system call, or KVIEW_NUMBER_ALL; 0 for functions */
	u64 cookie;
	char *name; /* by which the function was asked for, where kallsyms has another for its address; with the link */
	unsigned long site; /* the 5 bytes to patch; 0 for tracepoints */
	bool enters;	    /* the entry of every system call, which takes more than that one */
	u8 stack_words; /* of the function's arguments, where its return is hooked */
	const struct kview_tracepoint *tracepoint; /* which has places of its own; NULL for functions */
	struct trace_event_call *event;		   /* KVIEW_HOOK_TP: the event on that tracepoint */
	struct kview_record *record;		   /* KVIEW_HOOK_TP: what builds the context; made with the link */
	struct kprobe probe;		       /* what bpf_get_func_ip() finds through kprobe_running(); never registered */
	struct kview_counts __percpu *counts;
};

/*
 * Find out where @target of this kind lies. Writes @hook's addr, number, cookie, site, enters, stack_words and probe; or returns
 * a negative errno and the KVIEW_WHY_* in @why. Touches nothing else.
 */
int kview_hook_resolve(struct kview_hook *hook, u32 kind, const char *name, u64 value, u32 *why);

/* The @index-th place @hook needs patched; false past the last. */
bool kview_hook_place(const struct kview_hook *hook, u32 index, struct kview_place *ret_place);

/* Bytes of context a program of this kind may read there, where that depends on the hook. */
u32 kview_hook_context_size(const struct kview_hook *hook, u32 kind);

/* Sum of all CPUs. */
void kview_hook_counts(const struct kview_hook *hook, struct kview_counts *ret_sum);

#endif
