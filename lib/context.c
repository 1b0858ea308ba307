// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How far a program reads into its context, for the ordinary mode.
 *
 * The kernel refuses to attach a tracepoint program that reads beyond the record, but behind a filter it sees the filter
 * only, which therefore has to read as far. So the program's instructions are followed here: which registers hold the
 * context pointer on every way to an instruction. What is spilled to the stack is lost, so a program that is refused here always deserved it, and some that
 * do may get through, as reads of some other record would.
 */
#include <errno.h>
#include <linux/bpf.h>

#include "context.h"
#include "internal.h"

#define CALL_CLOBBERS 0x3f /* r0 to r5 */
#define ARGUMENTS 0x3e	   /* r1 to r5 */

/* What is known before an instruction; registers only ever leave the set, so that the walk ends. */
struct state {
	uint16_t holders; /* registers that hold the context pointer, a bit each */
	bool reached, queued;
};

struct analysis {
	const struct bpf_insn *insns;
	size_t count;
	struct state *states;
	size_t *queue, queued;
};

static void flow(struct analysis *analysis, size_t from, long by, uint16_t holders)
{
	long to = (long)from + 1 + by;
	struct state *state;

	if (to < 0 || to >= (long)analysis->count)
		return;
	state = &analysis->states[to];
	holders = state->reached ? state->holders & holders : holders;
	if (state->reached && state->holders == holders)
		return;
	state->reached = true;
	state->holders = holders;
	if (!state->queued)
		analysis->queue[analysis->queued++] = to;
	state->queued = true;
}

static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* The registers that hold the context after an instruction that does not jump. */
static uint16_t after(const struct bpf_insn *insn, uint16_t holders)
{
	uint16_t dst = 1 << insn->dst_reg, src = 1 << insn->src_reg;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU64:
		if (insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && !insn->off && holders & src)
			return holders | dst;
		return holders & ~dst;
	case BPF_STX: /* an atomic operation can answer in its source register or r0 */
		return BPF_MODE(insn->code) == BPF_ATOMIC ? holders & ~(src | 1) : holders;
	case BPF_ST:
		return holders;
	case BPF_LD:
		return is_wide(insn) ? holders & ~dst : holders & ~CALL_CLOBBERS;
	default: /* BPF_ALU, BPF_LDX */
		return holders & ~dst;
	}
}

static bool is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

static void flow_jump(struct analysis *analysis, size_t at, uint16_t holders)
{
	const struct bpf_insn *insn = &analysis->insns[at];

	switch (BPF_OP(insn->code)) {
	case BPF_EXIT:
		return;
	case BPF_CALL:
		if (insn->src_reg == BPF_PSEUDO_CALL)
			flow(analysis, at, insn->imm, holders & ARGUMENTS);
		flow(analysis, at, 0, holders & ~CALL_CLOBBERS);
		return;
	case BPF_JA:
		flow(analysis, at, BPF_CLASS(insn->code) == BPF_JMP ? insn->off : insn->imm, holders);
		return;
	default:
		flow(analysis, at, insn->off, holders);
		flow(analysis, at, 0, holders);
	}
}

static void run_queue(struct analysis *analysis)
{
	while (analysis->queued) {
		size_t at = analysis->queue[--analysis->queued];
		const struct bpf_insn *insn = &analysis->insns[at];
		uint16_t holders = analysis->states[at].holders;

		analysis->states[at].queued = false;
		if (is_jump(insn))
			flow_jump(analysis, at, holders);
		else
			flow(analysis, at, is_wide(insn), after(insn, holders));
	}
}

static uint32_t access_size(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_DW:
		return 8;
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

static uint32_t furthest_load(const struct analysis *analysis)
{
	uint32_t end = 0;

	for (size_t i = 0; i < analysis->count; i++) {
		const struct bpf_insn *insn = &analysis->insns[i];
		const struct state *state = &analysis->states[i];

		if (!state->reached || BPF_CLASS(insn->code) != BPF_LDX || insn->off < 0)
			continue;
		if (state->holders & 1 << insn->src_reg && insn->off + access_size(insn) > end)
			end = insn->off + access_size(insn);
	}
	return end;
}

int kview_context_reach(const struct bpf_insn *insns, size_t count, uint32_t *ret_end)
{
	_cleanup_(freep) struct state *states = calloc(count, sizeof(*states));
	_cleanup_(freep) size_t *queue = calloc(count, sizeof(*queue));
	struct analysis analysis = { .insns = insns, .count = count, .states = states, .queue = queue };

	if (!states || !queue)
		return -ENOMEM;
	flow(&analysis, -1, 0, 1 << 1);
	run_queue(&analysis);
	*ret_end = furthest_load(&analysis);
	return 0;
}
