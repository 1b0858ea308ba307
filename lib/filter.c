// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Instructions of the filter. Written out in C it reads:
 *
 *	tgid = bpf_get_current_pid_tgid() >> 32;
 *	if (!hints[tgid % KVIEW_FILTER_HINTS])
 *		goto rejected;
 *	member = bpf_map_lookup_elem(members, &tgid);
 *	if (!member || bpf_get_current_task_btf()->group_leader->start_boottime / tick != member->start)
 *		goto rejected;
 *	if (member->by_threads) {
 *		tid = bpf_get_current_pid_tgid() | KVIEW_FILTER_THREAD;
 *		member = bpf_map_lookup_elem(members, &tid);
 *		if (!member || bpf_get_current_task_btf()->start_boottime / tick != member->start)
 *			goto rejected;
 *	}
 *	if (in an interrupt)
 *		goto skipped;
 *	site = sites[bpf_get_func_ip(ctx)];	// in programs for many functions
 *	counts[bpf_get_smp_processor_id()][site].runs++;
 *	bpf_get_func_ip(ctx);			// in programs for fentry and fexit
 *	ctx[reach - 1];				// in programs on tracepoints
 *	bpf_tail_call(ctx, programs, 0);	// does not return
 *	counts[...][site].runs--;		// unless the program has not been started yet
 *	return 0;				// 1 in sessions: their return is not wanted
 * rejected:	counts[...][site].rejected++; return 0;
 * skipped:	counts[...][site].skipped++; return 0;
 *
 * Hints and counts are single values of arrays, whose addresses stand in the program: other processes run a few
 * instructions and two short helpers. r6 holds the context, r7 the member's start time, then the counts, r8 whether its
 * threads count, then where the function's counts are. Programs on one CPU do not interrupt each other
 * (the kernel sees to that for each of the types), so that the per-CPU counts need no atomics.
 */
#include "filter.h"

#define CACHE_LINE 64
#define HARDIRQ_SHIFT 16 /* include/linux/preempt.h: the fields of the preempt count */
#define NMI_SHIFT 20
#define SOFTIRQ_SERVING 0x100

enum { R0, R1, R2, R3, R4, R6 = 6, R7, R8, FP = 10 };

/* The stack: the keys, and the answer of bpf_get_ns_current_pid_tgid(). */
#define STACK_KEY (-4)
#define STACK_PIDNS (-16)
#define STACK_IP (-24)

struct builder {
	struct bpf_insn *insns;
	size_t count;
};

static void emit(struct builder *b, uint8_t code, int dst, int src, int off, int32_t imm)
{
	b->insns[b->count++] =
		(struct bpf_insn){ .code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm };
}

static void emit_move(struct builder *b, int dst, int src)
{
	emit(b, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void emit_alu(struct builder *b, uint8_t op, int dst, int32_t imm)
{
	emit(b, BPF_ALU64 | op | BPF_K, dst, 0, 0, imm);
}

static void emit_load(struct builder *b, uint8_t size, int dst, int src, int off)
{
	emit(b, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

static void emit_store(struct builder *b, uint8_t size, int dst, int off, int src)
{
	emit(b, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

/* @kind: 0 for a number, else BPF_PSEUDO_* */
static void emit_load64(struct builder *b, int dst, int kind, uint64_t value)
{
	emit(b, BPF_LD | BPF_DW | BPF_IMM, dst, kind, 0, value);
	emit(b, 0, 0, 0, 0, value >> 32);
}

static void emit_call(struct builder *b, int32_t helper)
{
	emit(b, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void emit_return(struct builder *b, const struct kview_filter *filter)
{
	emit_alu(b, BPF_MOV, R0, filter->session);
	emit(b, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Places that jump to the same label, which comes later. */
struct label {
	size_t jumps[8], count;
};

static void emit_jump(struct builder *b, uint8_t op, int dst, int src, struct label *label)
{
	label->jumps[label->count++] = b->count;
	emit(b, BPF_JMP | BPF_X | op, dst, src, 0, 0);
}

static void emit_jump_if(struct builder *b, uint8_t op, int dst, int32_t value, struct label *label)
{
	label->jumps[label->count++] = b->count;
	emit(b, BPF_JMP | BPF_K | op, dst, 0, 0, value);
}

static void put_label(struct builder *b, const struct label *label)
{
	for (size_t i = 0; i < label->count; i++)
		b->insns[label->jumps[i]].off = b->count - label->jumps[i] - 1;
}

static void emit_stack_address(struct builder *b, int dst, int off)
{
	emit_move(b, dst, FP);
	emit_alu(b, BPF_ADD, dst, off);
}

/* r0 = value of the key that lies on the stack */
static void emit_lookup(struct builder *b, int map_fd)
{
	emit_stack_address(b, R2, STACK_KEY);
	emit_load64(b, R1, BPF_PSEUDO_MAP_FD, map_fd);
	emit_call(b, BPF_FUNC_map_lookup_elem);
}

/* Put the key, the current tgid, on the stack. */
static void emit_tgid(struct builder *b, const struct kview_filter *filter, struct label *rejected)
{
	if (!filter->pids.ino) {
		emit_call(b, BPF_FUNC_get_current_pid_tgid);
		emit_alu(b, BPF_RSH, R0, 32);
	} else {
		emit_load64(b, R1, 0, filter->pids.dev);
		emit_load64(b, R2, 0, filter->pids.ino);
		emit_stack_address(b, R3, STACK_PIDNS);
		emit_alu(b, BPF_MOV, R4, sizeof(struct bpf_pidns_info));
		emit_call(b, BPF_FUNC_get_ns_current_pid_tgid);
		emit_jump_if(b, BPF_JNE, R0, 0, rejected);
		emit_load(b, BPF_W, R0, FP, STACK_PIDNS + (int)offsetof(struct bpf_pidns_info, tgid));
	}
	emit_store(b, BPF_W, FP, STACK_KEY, R0);
}

/* With the tgid in r0. */
static void emit_hint_test(struct builder *b, const struct kview_filter *filter, struct label *rejected)
{
	emit_load64(b, R1, BPF_PSEUDO_MAP_VALUE, (uint32_t)filter->hints_fd);
	emit_alu(b, BPF_AND, R0, KVIEW_FILTER_HINTS - 1);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_X, R1, R0, 0, 0);
	emit_load(b, BPF_B, R1, R1, 0);
	emit_jump_if(b, BPF_JEQ, R1, 0, rejected);
}

/* Did the task at @task start when the member in r7 did? */
static void emit_start_test(struct builder *b, const struct kview_filter *filter, int task, struct label *rejected)
{
	emit_load(b, BPF_DW, R1, task, filter->layout.start_boottime);
	emit_alu(b, BPF_DIV, R1, filter->tick_ns);
	emit_jump(b, BPF_JNE, R1, R7, rejected);
}

/* Put the key of the current thread on the stack; where its pid namespace matters emit_tgid() has asked already. */
static void emit_tid(struct builder *b, const struct kview_filter *filter)
{
	if (!filter->pids.ino)
		emit_call(b, BPF_FUNC_get_current_pid_tgid);
	else
		emit_load(b, BPF_W, R0, FP, STACK_PIDNS + (int)offsetof(struct bpf_pidns_info, pid));
	emit(b, BPF_ALU | BPF_OR | BPF_K, R0, 0, 0, KVIEW_FILTER_THREAD);
	emit_store(b, BPF_W, FP, STACK_KEY, R0);
}

static void emit_thread_test(struct builder *b, const struct kview_filter *filter, struct label *rejected)
{
	emit_tid(b, filter);
	emit_lookup(b, filter->members_fd);
	emit_jump_if(b, BPF_JEQ, R0, 0, rejected);
	emit_load(b, BPF_DW, R7, R0, offsetof(struct kview_filter_member, start));
	emit_call(b, BPF_FUNC_get_current_task_btf);
	emit_start_test(b, filter, R0, rejected);
}

static void emit_member_test(struct builder *b, const struct kview_filter *filter, struct label *rejected)
{
	struct label whole = {};

	emit_tgid(b, filter, rejected);
	emit_hint_test(b, filter, rejected);
	emit_lookup(b, filter->members_fd);
	emit_jump_if(b, BPF_JEQ, R0, 0, rejected);
	emit_load(b, BPF_DW, R7, R0, offsetof(struct kview_filter_member, start));
	emit_load(b, BPF_DW, R8, R0, offsetof(struct kview_filter_member, by_threads));
	emit_call(b, BPF_FUNC_get_current_task_btf);
	emit_load(b, BPF_DW, R1, R0, filter->layout.group_leader);
	emit_start_test(b, filter, R1, rejected);
	emit_jump_if(b, BPF_JEQ, R8, 0, &whole);
	emit_thread_test(b, filter, rejected);
	put_label(b, &whole);
}

/*
 * A kprobe that uses int3 runs as if in an NMI, which counts in both the NMI and the hard-irq field; an interrupt counts
 * in the latter alone. So they differ exactly inside a hard interrupt. (A real NMI looks like the kprobe and gets in.)
 */
static void emit_interrupt_test(struct builder *b, const struct kview_filter *filter, struct label *skipped)
{
	emit_load64(b, R1, BPF_PSEUDO_BTF_ID, filter->layout.preempt_var);
	emit_call(b, BPF_FUNC_this_cpu_ptr);
	emit_load(b, BPF_W, R1, R0, filter->layout.preempt_count);
	emit_jump_if(b, BPF_JSET, R1, SOFTIRQ_SERVING, skipped);
	emit_move(b, R2, R1);
	emit_alu(b, BPF_RSH, R1, HARDIRQ_SHIFT);
	emit_alu(b, BPF_AND, R1, 0xf);
	emit_alu(b, BPF_RSH, R2, NMI_SHIFT);
	emit_alu(b, BPF_AND, R2, 0xf);
	emit_jump(b, BPF_JNE, R1, R2, skipped);
}

static void emit_add(struct builder *b, int counts, int field, int32_t step)
{
	emit_load(b, BPF_DW, R1, counts, field);
	emit_alu(b, BPF_ADD, R1, step);
	emit_store(b, BPF_DW, counts, field, R1);
}

/* r8 = where the counts of this function are among those of a CPU */
static void emit_function(struct builder *b, const struct kview_filter *filter, struct label *none)
{
	struct label unknown = {};

	emit_move(b, R1, R6);
	emit_call(b, BPF_FUNC_get_func_ip);
	emit_store(b, BPF_DW, FP, STACK_IP, R0);
	emit_load64(b, R1, BPF_PSEUDO_MAP_FD, filter->sites_fd);
	emit_stack_address(b, R2, STACK_IP);
	emit_call(b, BPF_FUNC_map_lookup_elem);
	emit_alu(b, BPF_MOV, R8, filter->site);
	emit_jump_if(b, BPF_JEQ, R0, 0, &unknown);
	emit_load(b, BPF_W, R8, R0, 0);
	emit_jump_if(b, BPF_JGE, R8, filter->sites, none);
	put_label(b, &unknown);
	emit_alu(b, BPF_MUL, R8, sizeof(struct kview_filter_counts));
}

/* r7 = counts of @site on this CPU */
static void emit_counts(struct builder *b, const struct kview_filter *filter, uint64_t site, struct label *none)
{
	uint64_t offset = site * sizeof(struct kview_filter_counts);

	emit_call(b, BPF_FUNC_get_smp_processor_id);
	emit_jump_if(b, BPF_JGE, R0, filter->cpus, none);
	emit_alu(b, BPF_MUL, R0, kview_filter_stride(filter->sites));
	emit_load64(b, R7, BPF_PSEUDO_MAP_VALUE, (uint32_t)filter->counts_fd | offset << 32);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_X, R7, R0, 0, 0);
}

/* The same for what runs. */
static void emit_run_counts(struct builder *b, const struct kview_filter *filter, struct label *none)
{
	if (!filter->many) {
		emit_counts(b, filter, filter->site, none);
		return;
	}
	emit_function(b, filter, none);
	emit_counts(b, filter, 0, none);
	emit(b, BPF_ALU64 | BPF_ADD | BPF_X, R7, R8, 0, 0);
}

static void emit_run(struct builder *b, const struct kview_filter *filter)
{
	struct label none = {};

	emit_run_counts(b, filter, &none);
	emit_add(b, R7, offsetof(struct kview_filter_counts, runs), 1);
	emit_move(b, R1, R6);
	if (filter->func_ip) {
		/* A trampoline notes it only if the program attached to it asks, and that is the filter. */
		emit_call(b, BPF_FUNC_get_func_ip);
		emit_move(b, R1, R6);
	}
	/* The kernel compares how far a program reads with what there is, and sees the filter only. */
	if (filter->reach)
		emit_load(b, BPF_B, R2, R6, filter->reach - 1);
	emit_load64(b, R2, BPF_PSEUDO_MAP_FD, filter->programs_fd);
	emit_alu(b, BPF_MOV, R3, 0);
	emit_call(b, BPF_FUNC_tail_call);
	emit_add(b, R7, offsetof(struct kview_filter_counts, runs), -1);
	put_label(b, &none);
	emit_return(b, filter);
}

/* Count, and leave the program alone. */
static void emit_turn_away(struct builder *b, const struct kview_filter *filter, const struct label *from, int field)
{
	struct label none = {};

	put_label(b, from);
	emit_counts(b, filter, filter->site, &none);
	emit_add(b, R7, field, 1);
	put_label(b, &none);
	emit_return(b, filter);
}

size_t kview_filter_stride(size_t sites)
{
	return (sites * sizeof(struct kview_filter_counts) + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
}

size_t kview_filter_build(const struct kview_filter *filter, struct bpf_insn *insns)
{
	struct builder b = { .insns = insns };
	struct label rejected = {}, skipped = {};
	bool test_interrupt = filter->task_only && filter->layout.preempt_var;

	emit_move(&b, R6, R1);
	emit_member_test(&b, filter, &rejected);
	if (test_interrupt)
		emit_interrupt_test(&b, filter, &skipped);
	emit_run(&b, filter);
	emit_turn_away(&b, filter, &rejected, offsetof(struct kview_filter_counts, rejected));
	if (test_interrupt)
		emit_turn_away(&b, filter, &skipped, offsetof(struct kview_filter_counts, skipped));
	return b.count;
}
