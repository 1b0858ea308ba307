// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter in front of programs in ordinary mode, run by a small interpreter: who gets in, who is counted as what.
 * Whether the kernel's verifier agrees is seen in the VM tests.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/filter.h"
#include "unit.h"

enum { MEMBERS = 11, COUNTS = 12, PROGRAMS = 13, HINTS = 14, FUNCTIONS = 15, PREEMPT_VAR = 77, TICK = 10000000 };
enum { SITE = 5, SITES = 7, CPU = 3, CPUS = 4 };

#define TGID 4242u
#define START 987654u
#define TID 99u /* the current thread, in its own and the initial pid namespace */
#define THREAD_START 987700u

/* The kernel around the filter. */
struct world {
	uint32_t tgid, preempt_count;
	uint64_t start_ns, thread_ns;
	bool started; /* the caller's program is in place */
	bool other_namespace;
	uint32_t cpu;
	uint64_t function; /* that was called, of a filter for many */
	/* what came of it */
	struct kview_filter_counts counts; /* of this site on this CPU */
	bool ran;
};

#define FUNCTION 0xffffffff81234560 /* counted at FUNCTION_SITE */
#define FUNCTION_WRONG 0xffffffff81234570 /* ... at one that there is not */
enum { FUNCTION_SITE = 2 };

static struct {
	uint64_t group_leader;
	uint64_t start_boottime;
} task, leader;
static struct kview_filter_member member = { .start = START }, thread = { .start = THREAD_START };
static uint32_t thread_key = TID | KVIEW_FILTER_THREAD; /* under which @thread is in the map */
static uint32_t hot[2];
static unsigned char hints[KVIEW_FILTER_HINTS];
static char counts[CPUS * 256]; /* 7 records of 24 bytes take three cache lines, and a guard */

static struct kview_filter filter_for(bool task_only)
{
	return (struct kview_filter){
		.members_fd = MEMBERS,
		.hints_fd = HINTS,
		.counts_fd = COUNTS,
		.programs_fd = PROGRAMS,
		.site = SITE,
		.sites = SITES,
		.cpus = CPUS,
		.tick_ns = TICK,
		.task_only = task_only,
		.layout = { .group_leader = 0, .start_boottime = 8, .preempt_var = PREEMPT_VAR, .preempt_count = 4 },
	};
}

static uint64_t lookup_function(const uint64_t *addr)
{
	static const uint32_t site = FUNCTION_SITE, none = SITES;

	return *addr == FUNCTION ? (uintptr_t)&site : *addr == FUNCTION_WRONG ? (uintptr_t)&none : 0;
}

static uint64_t lookup(uint64_t map, const uint32_t *key)
{
	if (map == FUNCTIONS)
		return lookup_function((const void *)key);
	assert_int_equal(map, MEMBERS);
	if (*key == thread_key)
		return (uintptr_t)&thread;
	return *key == TGID ? (uintptr_t)&member : 0;
}

/* What a 64-bit immediate loads. */
static uint64_t wide(const struct bpf_insn *insn)
{
	if (insn->src_reg != BPF_PSEUDO_MAP_VALUE)
		return (uint32_t)insn[0].imm | (uint64_t)insn[1].imm << 32;
	assert_in_range(insn->imm, COUNTS, HINTS);
	return (uintptr_t)(insn->imm == HINTS ? (char *)hints : counts) + insn[1].imm;
}

static uint64_t namespace_pid(const struct world *world, const uint64_t *r)
{
	struct bpf_pidns_info *info = (void *)r[3];

	assert_int_equal(r[1], 4);
	assert_int_equal(r[2], 0xf0000123);
	assert_int_equal(r[4], sizeof(*info));
	*info = (struct bpf_pidns_info){ .pid = TID, .tgid = world->tgid };
	return world->other_namespace ? (uint64_t)-22 : 0;
}

/* Returns true when the call does not come back. */
static bool call(struct world *world, int helper, uint64_t *r)
{
	switch (helper) {
	case BPF_FUNC_get_current_pid_tgid:
		r[0] = (uint64_t)world->tgid << 32 | TID;
		return false;
	case BPF_FUNC_get_ns_current_pid_tgid:
		r[0] = namespace_pid(world, r);
		return false;
	case BPF_FUNC_get_smp_processor_id:
		r[0] = world->cpu;
		return false;
	case BPF_FUNC_map_lookup_elem:
		r[0] = lookup(r[1], (const uint32_t *)r[2]);
		return false;
	case BPF_FUNC_get_func_ip:
		assert_int_equal(r[1], 0xc0de);
		r[0] = world->function;
		return false;
	case BPF_FUNC_get_current_task_btf:
		r[0] = (uintptr_t)&task;
		return false;
	case BPF_FUNC_this_cpu_ptr:
		assert_int_equal(r[1], PREEMPT_VAR);
		r[0] = (uintptr_t)hot;
		return false;
	case BPF_FUNC_tail_call:
		assert_int_equal(r[1], 0xc0de); /* the context */
		assert_int_equal(r[2], PROGRAMS);
		assert_int_equal(r[3], 0);
		world->ran = world->started;
		return world->ran;
	}
	fail_msg("helper %d", helper);
	return true;
}

static void compute(uint8_t op, uint64_t *dst, uint64_t value)
{
	switch (op) {
	case BPF_MOV:
		*dst = value;
		return;
	case BPF_ADD:
		*dst += value;
		return;
	case BPF_AND:
		*dst &= value;
		return;
	case BPF_OR:
		*dst |= value;
		return;
	case BPF_RSH:
		*dst >>= value;
		return;
	case BPF_MUL:
		*dst *= value;
		return;
	case BPF_DIV:
		*dst /= value;
		return;
	}
	fail_msg("operation %#x", op);
}

static bool jumps(uint8_t op, uint64_t dst, uint64_t value)
{
	switch (op) {
	case BPF_JEQ:
		return dst == value;
	case BPF_JNE:
		return dst != value;
	case BPF_JGE:
		return dst >= value;
	case BPF_JSET:
		return dst & value;
	}
	fail_msg("jump %#x", op);
	return false;
}

static void load(uint8_t size, uint64_t *dst, const void *from)
{
	switch (size) {
	case BPF_DW:
		*dst = *(const uint64_t *)from;
		return;
	case BPF_W:
		*dst = *(const uint32_t *)from;
		return;
	case BPF_B:
		*dst = *(const uint8_t *)from;
		return;
	}
	fail_msg("size %#x", size);
}

static void store(uint8_t size, void *to, uint64_t value)
{
	if (size == BPF_DW)
		*(uint64_t *)to = value;
	else
		*(uint32_t *)to = value;
}

/* One instruction; returns how many to go on by, 0 at the end. */
static int step(struct world *world, const struct bpf_insn *insn, uint64_t *r)
{
	uint64_t *dst = &r[insn->dst_reg];
	uint64_t value = BPF_SRC(insn->code) == BPF_X ? r[insn->src_reg] : (uint64_t)(int64_t)insn->imm;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU64:
		compute(BPF_OP(insn->code), dst, value);
		return 1;
	case BPF_ALU:
		compute(BPF_OP(insn->code), dst, value);
		*dst = (uint32_t)*dst;
		return 1;
	case BPF_LD:
		*dst = wide(insn);
		return 2;
	case BPF_LDX:
		load(BPF_SIZE(insn->code), dst, (void *)(r[insn->src_reg] + insn->off));
		return 1;
	case BPF_STX:
		store(BPF_SIZE(insn->code), (void *)(*dst + insn->off), r[insn->src_reg]);
		return 1;
	}
	assert_int_equal(BPF_CLASS(insn->code), BPF_JMP);
	if (BPF_OP(insn->code) == BPF_EXIT)
		return 0;
	if (BPF_OP(insn->code) == BPF_CALL)
		return call(world, insn->imm, r) ? 0 : 1;
	return 1 + (jumps(BPF_OP(insn->code), *dst, value) ? insn->off : 0);
}

static struct kview_filter_counts *counts_of(unsigned int site, unsigned int cpu)
{
	return (struct kview_filter_counts *)(counts + cpu * kview_filter_stride(SITES)) + site;
}

static void run(struct world *world, const struct kview_filter *filter)
{
	struct bpf_insn insns[KVIEW_FILTER_MAX];
	uint64_t stack[8], r[11] = { [1] = 0xc0de, [10] = (uintptr_t)(stack + 8) };
	size_t count = kview_filter_build(filter, insns);
	int by;

	assert_true(count <= KVIEW_FILTER_MAX);
	task.group_leader = leader.group_leader = (uintptr_t)&leader;
	task.start_boottime = world->thread_ns;
	leader.start_boottime = world->start_ns;
	hot[1] = world->preempt_count;
	memset(counts, 0, sizeof(counts));
	*counts_of(SITE, CPU) = world->counts;
	for (size_t at = 0; (by = step(world, &insns[at], r)); at += by)
		assert_true(by > 0 && at + by < count);
	if (!world->ran)
		assert_int_equal(r[0], filter->session);
	world->counts = *counts_of(SITE, CPU);
}

static struct world a_member(void)
{
	return (struct world){
		.tgid = TGID,
		.start_ns = START * (uint64_t)TICK + 12345,
		.thread_ns = THREAD_START * (uint64_t)TICK + 12345,
		.started = true,
		.cpu = CPU,
	};
}

static void expect(const struct world *world, bool ran, unsigned int runs, unsigned int rejected, unsigned int skipped)
{
	assert_int_equal(world->ran, ran);
	assert_int_equal(world->counts.runs, runs);
	assert_int_equal(world->counts.rejected, rejected);
	assert_int_equal(world->counts.skipped, skipped);
}

static void members_get_in(void **state)
{
	struct kview_filter filter = filter_for(false);
	struct world world = a_member();

	(void)state;
	run(&world, &filter);
	expect(&world, true, 1, 0, 0);
	run(&world, &filter);
	expect(&world, true, 2, 0, 0);
}

static void others_do_not(void **state)
{
	struct kview_filter filter = filter_for(true);
	struct world other = a_member(), reused = a_member(), earlier = a_member();

	(void)state;
	other.tgid++;
	run(&other, &filter);
	expect(&other, false, 0, 1, 0);
	reused.start_ns += TICK; /* the same pid, given to a younger process */
	run(&reused, &filter);
	expect(&reused, false, 0, 1, 0);
	earlier.start_ns -= TICK;
	run(&earlier, &filter);
	expect(&earlier, false, 0, 1, 0);
}

/* The hint is enough for most; one that is wrong costs a look-up. */
static void hints_decide(void **state)
{
	struct kview_filter filter = filter_for(false);
	struct world unhinted = a_member(), neighbour = a_member();

	(void)state;
	hints[TGID % KVIEW_FILTER_HINTS] = 0;
	run(&unhinted, &filter);
	expect(&unhinted, false, 0, 1, 0);
	hints[TGID % KVIEW_FILTER_HINTS] = 1;
	neighbour.tgid += KVIEW_FILTER_HINTS;
	run(&neighbour, &filter);
	expect(&neighbour, false, 0, 1, 0);
}

static void unknown_cpu(void **state)
{
	struct kview_filter filter = filter_for(false);
	struct world world = a_member();

	(void)state;
	world.cpu = CPUS;
	run(&world, &filter);
	expect(&world, false, 0, 0, 0);
}

static void strides(void **state)
{
	(void)state;
	assert_int_equal(kview_filter_stride(1), 64);
	assert_int_equal(kview_filter_stride(2), 64);
	assert_int_equal(kview_filter_stride(3), 128);
	assert_int_equal(kview_filter_stride(SITES), 192);
}

static void nothing_runs_before_start(void **state)
{
	struct kview_filter filter = filter_for(true);
	struct world world = a_member();

	(void)state;
	world.started = false;
	run(&world, &filter);
	expect(&world, false, 0, 0, 0);
}

static void interrupts_are_skipped(void **state)
{
	static const struct {
		uint32_t preempt_count;
		bool runs;
	} cases[] = {
		{ 0, true },	    { 0x80000001, true }, { 0x200, true },    /* softirqs are off, none is served */
		{ 0x100, false },			  { 0x10000, false }, /* softirq, hard interrupt */
		{ 0x110000, true },			  { 0x110100, false }, /* int3 in a task, in a softirq */
		{ 0x120000, false },			  { 0x10100, false },
	};
	struct kview_filter filter = filter_for(true), anywhere = filter_for(false);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world world = a_member(), same = a_member();

		world.preempt_count = same.preempt_count = cases[i].preempt_count;
		run(&world, &filter);
		expect(&world, cases[i].runs, cases[i].runs, 0, !cases[i].runs);
		run(&same, &anywhere);
		expect(&same, true, 1, 0, 0);
	}
}

static void unknown_preempt_count(void **state)
{
	struct kview_filter filter = filter_for(true);
	struct world world = a_member();

	(void)state;
	filter.layout.preempt_var = 0;
	world.preempt_count = 0x10000;
	run(&world, &filter);
	expect(&world, true, 1, 0, 0);
}

/* Members are counted with the function they called, others all together. */
static void many_functions(void **state)
{
	struct kview_filter filter = filter_for(true);
	struct world known = a_member(), unknown = a_member(), wrong = a_member(), other = a_member();

	(void)state;
	filter.many = true;
	filter.sites_fd = FUNCTIONS;
	known.function = FUNCTION;
	run(&known, &filter);
	expect(&known, true, 0, 0, 0);
	assert_int_equal(counts_of(FUNCTION_SITE, CPU)->runs, 1);
	unknown.function = FUNCTION + 1;
	run(&unknown, &filter);
	expect(&unknown, true, 1, 0, 0);
	wrong.function = FUNCTION_WRONG;
	run(&wrong, &filter);
	expect(&wrong, false, 0, 0, 0);
	other.function = FUNCTION;
	other.tgid++;
	run(&other, &filter);
	expect(&other, false, 0, 1, 0);
}

/* run() sees to it that who is kept out wants no return either. */
static void sessions(void **state)
{
	struct kview_filter filter = filter_for(true);
	struct world world = a_member(), other = a_member(), early = a_member(), interrupt = a_member();

	(void)state;
	filter.many = filter.session = true;
	filter.sites_fd = FUNCTIONS;
	run(&world, &filter);
	expect(&world, true, 1, 0, 0);
	other.tgid++;
	run(&other, &filter);
	expect(&other, false, 0, 1, 0);
	early.started = false;
	run(&early, &filter);
	expect(&early, false, 0, 0, 0);
	interrupt.preempt_count = 0x10000;
	run(&interrupt, &filter);
	expect(&interrupt, false, 0, 0, 1);
}

static void pid_namespaces(void **state)
{
	struct kview_filter filter = filter_for(true);
	struct world world = a_member(), outside = a_member();

	(void)state;
	filter.pids = (struct kview_pid_namespace){ .dev = 4, .ino = 0xf0000123 };
	run(&world, &filter);
	expect(&world, true, 1, 0, 0);
	outside.other_namespace = true;
	run(&outside, &filter);
	expect(&outside, false, 0, 1, 0);
}

static void threads(void **state)
{
	struct kview_filter filters[] = { filter_for(true), filter_for(false) };

	(void)state;
	filters[1].pids = (struct kview_pid_namespace){ .dev = 4, .ino = 0xf0000123 };
	member.by_threads = true;
	for (size_t i = 0; i < COUNT(filters); i++) {
		struct world one = a_member(), other = a_member(), reused = a_member(), process = a_member();

		run(&one, &filters[i]);
		expect(&one, true, 1, 0, 0);
		reused.thread_ns += TICK;
		run(&reused, &filters[i]);
		expect(&reused, false, 0, 1, 0);
		process.start_ns += TICK;
		run(&process, &filters[i]);
		expect(&process, false, 0, 1, 0);
		thread_key++;
		run(&other, &filters[i]);
		expect(&other, false, 0, 1, 0);
		thread_key--;
	}
	member.by_threads = false;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_get_in),
		cmocka_unit_test(others_do_not),
		cmocka_unit_test(hints_decide),
		cmocka_unit_test(unknown_cpu),
		cmocka_unit_test(strides),
		cmocka_unit_test(nothing_runs_before_start),
		cmocka_unit_test(interrupts_are_skipped),
		cmocka_unit_test(unknown_preempt_count),
		cmocka_unit_test(many_functions),
		cmocka_unit_test(sessions),
		cmocka_unit_test(pid_namespaces),
		cmocka_unit_test(threads),
	};

	hints[TGID % KVIEW_FILTER_HINTS] = 1;
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
