// SPDX-License-Identifier: GPL-2.0-or-later
/* How far programs read into their context, as far as that can be seen from their instructions. */
#include <linux/bpf.h>

#include "lib/context.h"
#include "unit.h"

#define INSN(...) ((struct bpf_insn){ __VA_ARGS__ })
#define MOVE(dst, src) INSN(.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = dst, .src_reg = src)
#define MOVE32(dst, src) INSN(.code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = dst, .src_reg = src)
#define NUMBER(dst, value) INSN(.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = dst, .imm = value)
#define WIDE(dst) INSN(.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = dst), INSN(.code = 0)
#define LOAD(size, dst, src, at) INSN(.code = BPF_LDX | BPF_MEM | size, .dst_reg = dst, .src_reg = src, .off = at)
#define STORE(dst, src, at) INSN(.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = dst, .src_reg = src, .off = at)
#define HELPER(number) INSN(.code = BPF_JMP | BPF_CALL, .imm = number)
#define FUNCTION(by) INSN(.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = by)
#define GOTO(by) INSN(.code = BPF_JMP | BPF_JA, .off = by)
#define IF(dst, by) INSN(.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = dst, .off = by)
#define IF32(dst, by) INSN(.code = BPF_JMP32 | BPF_JNE | BPF_K, .dst_reg = dst, .off = by)
#define EXIT INSN(.code = BPF_JMP | BPF_EXIT)

#define EXPECT(expected, ...)                                                              \
	do {                                                                               \
		const struct bpf_insn insns[] = { __VA_ARGS__ };                           \
		uint32_t end = ~0U;                                                        \
		assert_int_equal(kview_context_reach(insns, COUNT(insns), &end), 0);       \
		assert_int_equal(end, expected);                                           \
	} while (0)

static void straight(void **state)
{
	(void)state;
	EXPECT(0, NUMBER(0, 0), EXIT);
	EXPECT(16, LOAD(BPF_DW, 0, 1, 8), EXIT);
	EXPECT(9, LOAD(BPF_B, 0, 1, 8), EXIT);
	EXPECT(10, LOAD(BPF_H, 0, 1, 8), EXIT);
	EXPECT(24, LOAD(BPF_DW, 0, 1, 16), LOAD(BPF_W, 0, 1, 0), EXIT);
	EXPECT(24, MOVE(6, 1), HELPER(14), LOAD(BPF_DW, 0, 6, 16), EXIT);
	EXPECT(24, WIDE(2), LOAD(BPF_DW, 1, 1, 16), EXIT);
}

static void no_longer_the_context(void **state)
{
	(void)state;
	EXPECT(0, HELPER(14), LOAD(BPF_DW, 0, 1, 8), EXIT);
	EXPECT(0, NUMBER(1, 0), LOAD(BPF_DW, 0, 1, 8), EXIT);
	EXPECT(0, WIDE(1), LOAD(BPF_DW, 0, 1, 8), EXIT);
	EXPECT(0, MOVE32(2, 1), LOAD(BPF_DW, 0, 2, 8), EXIT);
	EXPECT(8, LOAD(BPF_DW, 1, 1, 0), LOAD(BPF_DW, 0, 1, 64), EXIT); /* a pointer out of the context */
	EXPECT(0, STORE(10, 1, -8), NUMBER(1, 0), LOAD(BPF_DW, 2, 10, -8), LOAD(BPF_DW, 0, 2, 8), EXIT); /* spilled */
	EXPECT(0, MOVE(2, 10), LOAD(BPF_DW, 0, 2, -8), EXIT);
}

static void branches(void **state)
{
	(void)state;
	EXPECT(24, IF(2, 1), LOAD(BPF_DW, 3, 1, 16), EXIT);
	EXPECT(24, IF32(2, 1), EXIT, LOAD(BPF_DW, 3, 1, 16), EXIT);
	EXPECT(0, GOTO(1), LOAD(BPF_DW, 0, 1, 64), EXIT); /* never reached */
	/* r6 is the context on one way only */
	EXPECT(0, NUMBER(6, 0), IF(2, 1), MOVE(6, 1), LOAD(BPF_DW, 0, 6, 64), EXIT);
	/* and on both here */
	EXPECT(72, IF(2, 2), MOVE(6, 1), GOTO(1), MOVE(6, 1), LOAD(BPF_DW, 0, 6, 64), EXIT);
	/* lost in the first round of a loop */
	EXPECT(0, MOVE(6, 1), GOTO(1), NUMBER(6, 0), LOAD(BPF_DW, 0, 6, 64), IF(2, -3), EXIT);
}

static void functions(void **state)
{
	(void)state;
	EXPECT(40, FUNCTION(1), EXIT, LOAD(BPF_DW, 0, 1, 32), EXIT);
	EXPECT(0, MOVE(6, 1), FUNCTION(1), EXIT, LOAD(BPF_DW, 0, 6, 32), EXIT); /* its r6 is its own */
	EXPECT(40, MOVE(6, 1), FUNCTION(2), LOAD(BPF_DW, 0, 6, 32), EXIT, EXIT);
}

static void atomics(void **state)
{
	const struct bpf_insn fetch = INSN(.code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 10, .src_reg = 1, .off = -8,
					   .imm = BPF_ADD | BPF_FETCH);

	(void)state;
	EXPECT(0, fetch, LOAD(BPF_DW, 0, 1, 32), EXIT);
}

static void nonsense_ends(void **state)
{
	(void)state;
	EXPECT(0, GOTO(-1));
	EXPECT(0, GOTO(100), EXIT);
	EXPECT(0, GOTO(-100), EXIT);
	EXPECT(8, LOAD(BPF_DW, 0, 1, 0)); /* runs over the end */
	EXPECT(0, INSN(.code = BPF_LD | BPF_DW | BPF_IMM));
	EXPECT(0, LOAD(BPF_DW, 15, 15, -8), EXIT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight),  cmocka_unit_test(no_longer_the_context),
		cmocka_unit_test(branches),  cmocka_unit_test(functions),
		cmocka_unit_test(atomics),   cmocka_unit_test(nonsense_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
