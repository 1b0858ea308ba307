/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The test that stands in front of a program in ordinary mode: a BPF program of the same type, which looks the current
 * process up among the view's members, counts, and jumps into the caller's program (a tail call) only for a member.
 */
#ifndef KVIEW_FILTER_H
#define KVIEW_FILTER_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* layout.c: facts about the running kernel. */
struct kview_layout {
	uint32_t group_leader;	 /* offsets in struct task_struct */
	uint32_t start_boottime;
	uint32_t preempt_var;	 /* BTF id of the per-CPU variable with the preempt count, 0 when not found */
	uint32_t preempt_count;	 /* offset in that variable */
};

int kview_layout_read(struct kview_layout *ret_layout);

/* Key of the members map is the tgid (__u32), or a tid with the highest bit set, which no id has; its value is this. */
#define KVIEW_FILTER_THREAD 0x80000000u

struct kview_filter_member {
	uint64_t start;	     /* clock ticks after boot, as /proc/PID/stat has it */
	uint64_t by_threads; /* of a process: only threads that are in the map are members */
};

/*
 * The hints: a byte for each tgid, of which the last bits are taken. Where it is zero there is no member, and that is
 * all other processes have to find out. Enough for the pids of most machines to have one of their own.
 */
#define KVIEW_FILTER_HINTS 32768

/* The counts: for each CPU one such record per site, on cache lines that no other CPU writes to. */
struct kview_filter_counts {
	uint64_t runs;
	uint64_t rejected;
	uint64_t skipped;
};

size_t kview_filter_stride(size_t sites); /* bytes between the records of one CPU and of the next */

/* Where pids are to be looked up: all zero for the initial pid namespace. */
struct kview_pid_namespace {
	uint64_t dev, ino;
};

struct kview_filter {
	int members_fd, hints_fd, counts_fd, programs_fd;
	uint32_t site, sites; /* where to count, of how many */
	int sites_fd; /* @many: a BPF hash that has numbers of sites (__u32) by addresses of functions (__u64) */
	bool many; /* for many functions: a member is counted where that says, all others at @site */
	bool session; /* what is let in at neither end says so at the first: the return is not wanted */
	uint32_t cpus; /* one above the highest number of a CPU */
	uint64_t tick_ns; /* length of a clock tick */
	bool task_only; /* keep interrupts out */
	bool func_ip; /* have the kernel note the function's address, for programs of type tracing that ask for it */
	uint32_t reach; /* bytes of the context that the program reads, where the kernel has to check that; else 0 */
	struct kview_layout layout;
	struct kview_pid_namespace pids;
};

#define KVIEW_FILTER_MAX 128 /* instructions; the unit tests check that all variants fit */

/* Write the program into @insns[KVIEW_FILTER_MAX], return how many instructions it has. */
size_t kview_filter_build(const struct kview_filter *filter, struct bpf_insn *insns);

#endif /* KVIEW_FILTER_H */
