// SPDX-License-Identifier: GPL-2.0-only
#include "setup.h"

#include <linux/errno.h>
#include <linux/extable.h>
#include <linux/slab.h>
#include <asm/insn.h>
#include <kview.h>

#include "compat/symbols.h"
#include "textpage.h"

#define LOAD_SIZE 7
#define CALL_SIZE 5
#define JUMPS_MAX 4 /* followed, so that a loop ends */
#define INT3 0xcc
#define NO_REG -1

/* Reading a block. */
struct walk {
	struct kview_setup *setup;
	bool (*is_call)(unsigned long addr, const void *data);
	const void *data;
	unsigned long at;
	u32 jumps;
	bool tested;  /* the instruction before was test %reg,%reg */
	bool skips;   /* the branch for "nobody listens" has been passed */
	bool loaded;  /* the probe's data has been read */
	bool defined; /* the register has got another meaning since */
};

/* --- what an instruction is ---------------------------------------------------------------------------------------- */

static bool is_two_byte(const struct insn *insn)
{
	return insn->opcode.nbytes == 2 && insn->opcode.bytes[0] == 0x0f;
}

static u8 modrm(const struct insn *insn)
{
	return insn->modrm.bytes[0];
}

static bool is_rip_relative(const struct insn *insn)
{
	return insn->modrm.nbytes && (modrm(insn) & 0xc7) == 0x05;
}

/* In groups the field that mostly names a register says which operation is meant. */
static bool is_group(const struct insn *insn)
{
	u8 op = insn->opcode.bytes[insn->opcode.nbytes - 1];

	if (is_two_byte(insn))
		return (op >= 0x90 && op <= 0x9f) || op == 0xba || op == 0x1f;
	return (op & 0xfc) == 0x80 || (op & 0xfe) == 0xc0 || (op & 0xfe) == 0xc6 || (op & 0xfc) == 0xd0 ||
	       (op & 0xfe) == 0xf6 || (op & 0xfe) == 0xfe;
}

static int reg_field(const struct insn *insn)
{
	if (!insn->modrm.nbytes || is_group(insn))
		return NO_REG;
	return X86_MODRM_REG(modrm(insn)) | (X86_REX_R(insn->rex_prefix.bytes[0]) ? 8 : 0);
}

/* The register an operand is or begins with, of the three forms the rm field has. */
static int rm_field(const struct insn *insn)
{
	u8 high = X86_REX_B(insn->rex_prefix.bytes[0]) ? 8 : 0;

	if (!insn->modrm.nbytes || is_rip_relative(insn))
		return NO_REG;
	if (insn->sib.nbytes)
		return X86_SIB_BASE(insn->sib.bytes[0]) | high;
	return X86_MODRM_RM(modrm(insn)) | high;
}

static int index_field(const struct insn *insn)
{
	if (!insn->sib.nbytes)
		return NO_REG;
	return X86_SIB_INDEX(insn->sib.bytes[0]) | (X86_REX_X(insn->rex_prefix.bytes[0]) ? 8 : 0);
}

/* Registers in the opcode itself: push, pop, mov $imm, bswap. */
static int opcode_field(const struct insn *insn)
{
	u8 op = insn->opcode.bytes[insn->opcode.nbytes - 1];
	bool has = is_two_byte(insn) ? op >= 0xc8 && op <= 0xcf : (op >= 0x50 && op <= 0x5f) || (op >= 0xb0 && op <= 0xbf);

	return has ? (op & 7) | (X86_REX_B(insn->rex_prefix.bytes[0]) ? 8 : 0) : NO_REG;
}

/* Operands that no field names: the accumulator and its other half, and the count of shifts. */
static bool implies(const struct insn *insn, int reg)
{
	u8 op = insn->opcode.bytes[0];

	if (is_two_byte(insn))
		return reg == RCX && (insn->opcode.bytes[1] == 0xa5 || insn->opcode.bytes[1] == 0xad);
	if (op == 0xd2 || op == 0xd3)
		return reg == RCX;
	if (op == 0xf6 || op == 0xf7)
		return X86_MODRM_REG(modrm(insn)) >= 4 && (reg == RAX || reg == RDX);
	if (op == 0x99)
		return reg == RAX || reg == RDX;
	return reg == RAX && ((op < 0x40 && (op & 7) >= 4) || op == 0x98 || op == 0xa8 || op == 0xa9);
}

static bool mentions(const struct insn *insn, int reg)
{
	return implies(insn, reg) || reg_field(insn) == reg || rm_field(insn) == reg || index_field(insn) == reg || opcode_field(insn) == reg;
}

/* Loads, address computations and extensions: they write the register their reg field names, and read the other operand. */
static bool is_move_to_reg(const struct insn *insn)
{
	u8 op = insn->opcode.bytes[insn->opcode.nbytes - 1];

	if (is_two_byte(insn))
		return op == 0xb6 || op == 0xb7 || op == 0xbe || op == 0xbf;
	return op == 0x8b || op == 0x8d || op == 0x63;
}

/* It overwrites all of @reg without a look at it. */
static bool defines(const struct insn *insn, int reg)
{
	u8 op = insn->opcode.bytes[insn->opcode.nbytes - 1];
	bool one = !is_two_byte(insn), plain = insn->modrm.nbytes && X86_MODRM_MOD(modrm(insn)) == 3;

	if (insn->opnd_bytes < 4)
		return false;
	if (opcode_field(insn) == reg)
		return one && op >= 0xb8;
	if (is_move_to_reg(insn))
		return reg_field(insn) == reg && rm_field(insn) != reg && index_field(insn) != reg;
	if (one && plain && (op == 0x31 || op == 0x33)) /* xor %reg,%reg */
		return reg_field(insn) == reg && rm_field(insn) == reg;
	if (one && plain && (op == 0x89 || op == 0xc7)) /* mov to %reg */
		return rm_field(insn) == reg && reg_field(insn) != reg;
	return false;
}

/* add, or, adc, sbb, and, sub, xor, cmp; imul with $imm */
static bool is_arithmetic(u8 op)
{
	return (op < 0x40 && (op & 7) < 6) || op == 0x80 || op == 0x81 || op == 0x83 || op == 0x69 || op == 0x6b;
}

/* push and pop of registers, push $imm */
static bool is_push_or_pop(u8 op)
{
	return (op >= 0x50 && op <= 0x5f) || op == 0x68 || op == 0x6a;
}

/* xchg, mov in all its forms, lea, movslq, and what extends the accumulator */
static bool is_move(u8 op)
{
	return (op >= 0x86 && op <= 0x8b) || op == 0x8d || op == 0x63 || op == 0x98 || op == 0x99 ||
	       (op >= 0xb0 && op <= 0xbf) || op == 0xc6 || op == 0xc7;
}

static bool is_comparison(u8 op)
{
	return op == 0x84 || op == 0x85 || op == 0xa8 || op == 0xa9;
}

static bool is_shift(u8 op)
{
	return op == 0xc0 || op == 0xc1 || (op >= 0xd0 && op <= 0xd3);
}

/* test, not, neg, mul, div; inc, dec, push, but not call and jmp, which share an opcode with them */
static bool is_unary(u8 op, u8 modrm)
{
	if (op == 0xff)
		return X86_MODRM_REG(modrm) <= 1 || X86_MODRM_REG(modrm) == 6;
	return op == 0xf6 || op == 0xf7 || op == 0xfe;
}

/* Computes, moves, pushes: nothing that leaves the straight line, and nothing that knows where it stands. */
static bool is_plain_one(u8 op, u8 modrm)
{
	return is_arithmetic(op) || is_push_or_pop(op) || is_move(op) || is_comparison(op) || is_shift(op) ||
	       is_unary(op, modrm);
}

static bool is_plain_two(u8 op)
{
	if ((op >= 0x40 && op <= 0x4f) || (op >= 0x90 && op <= 0x9f) || (op >= 0xc8 && op <= 0xcf))
		return true; /* cmov, set, bswap */
	switch (op) {
	case 0xa3: /* bt */
	case 0xa4: /* shld */
	case 0xa5:
	case 0xac: /* shrd */
	case 0xad:
	case 0xaf: /* imul */
	case 0xb6: /* movzx */
	case 0xb7:
	case 0xb8: /* popcnt */
	case 0xba: /* bt $imm */
	case 0xbc: /* bsf */
	case 0xbd: /* bsr */
	case 0xbe: /* movsx */
	case 0xbf:
		return true;
	default:
		return false;
	}
}

/* No jump label and no ftrace entry looks like these: a nop of 2 or 5 bytes may be either and is refused. */
static bool is_idle(const struct insn *insn, const u8 *bytes)
{
	if (insn->length == 2 || insn->length == 5)
		return false;
	return (is_two_byte(insn) && insn->opcode.bytes[1] == 0x1f) || (insn->length == 1 && bytes[0] == 0x90);
}

static bool is_plain(const struct insn *insn, const u8 *bytes)
{
	if (is_two_byte(insn))
		return is_plain_two(insn->opcode.bytes[1]) || is_idle(insn, bytes);
	if (insn->opcode.nbytes != 1 || insn->vex_prefix.nbytes)
		return false;
	return is_plain_one(insn->opcode.bytes[0], modrm(insn)) || is_idle(insn, bytes);
}

/* --- the steps of a block ------------------------------------------------------------------------------------------- */

static int refuse(u32 reason, u32 *why)
{
	*why = reason;
	return reason == KVIEW_WHY_TEXT_BUSY ? -EBUSY : -EOPNOTSUPP;
}

static bool is_test(const struct walk *walk, const struct insn *insn)
{
	return insn->opcode.nbytes == 1 && insn->opcode.bytes[0] == 0x85 && insn->opnd_bytes == 8 &&
	       X86_MODRM_MOD(modrm(insn)) == 3 && reg_field(insn) == walk->setup->reg &&
	       rm_field(insn) == walk->setup->reg;
}

/* mov 8(%reg),...: struct tracepoint_func's data, on its way to %rdi */
static bool is_data_load(const struct walk *walk, const struct insn *insn)
{
	return insn->opcode.nbytes == 1 && insn->opcode.bytes[0] == 0x8b && insn->opnd_bytes == 8 &&
	       X86_MODRM_MOD(modrm(insn)) == 1 && rm_field(insn) == walk->setup->reg &&
	       (!insn->sib.nbytes || index_field(insn) == RSP) &&
	       insn->displacement.value == offsetof(struct tracepoint_func, data);
}

/* The branch around the call: taken when nobody listens, which in a stub is never so. */
static bool is_branch(const struct insn *insn, u8 condition)
{
	return is_two_byte(insn) ? insn->opcode.bytes[1] == (0x80 | condition) :
				   insn->opcode.nbytes == 1 && insn->opcode.bytes[0] == (0x70 | condition);
}

static bool is_jump(const struct insn *insn)
{
	return insn->opcode.nbytes == 1 && (insn->opcode.bytes[0] == 0xe9 || insn->opcode.bytes[0] == 0xeb);
}

#define CONDITION_E 4
#define CONDITION_NE 5

/* A jump that may be patched to a nop one day is no part of a straight line. */
static bool is_jump_label(unsigned long addr)
{
	struct jump_entry *entry = (struct jump_entry *)kview_symbols.__start___jump_table;

	for (; entry < (struct jump_entry *)kview_symbols.__stop___jump_table; entry++) {
		if (jump_entry_code(entry) == addr)
			return true;
	}
	return false;
}

static int follow(struct walk *walk, const struct insn *insn, u32 *why)
{
	if (++walk->jumps > JUMPS_MAX || is_jump_label(walk->at))
		return refuse(KVIEW_WHY_UNKNOWN_CODE, why);
	walk->at += insn->length + insn->immediate.value;
	return 0;
}

static int copy(struct walk *walk, const struct insn *insn, const u8 *bytes, u32 *why)
{
	struct kview_setup *setup = walk->setup;
	struct kview_piece *piece = &setup->pieces[setup->count];

	if (setup->count == KVIEW_SETUP_MAX || !is_plain(insn, bytes) ||
	    kview_call(search_exception_tables)(walk->at))
		return refuse(KVIEW_WHY_UNKNOWN_CODE, why);
	setup->count++;
	memcpy(piece->bytes, bytes, insn->length);
	piece->size = insn->length;
	walk->at += insn->length;
	if (!is_rip_relative(insn))
		return 0;
	piece->disp = insn_offset_displacement((struct insn *)insn);
	piece->target = walk->at + insn->displacement.value;
	return 0;
}

/* Until the register gets another meaning, exactly two instructions may use it. */
static bool uses_register_well(struct walk *walk, const struct insn *insn)
{
	int reg = walk->setup->reg;

	if (is_test(walk, insn) && !walk->skips)
		return true;
	if (is_data_load(walk, insn) && walk->skips && !walk->loaded) {
		walk->loaded = true;
		walk->defined = reg_field(insn) == reg;
		return true;
	}
	if (!walk->defined && mentions(insn, reg)) {
		if (!walk->loaded || !defines(insn, reg))
			return false;
		walk->defined = true;
	}
	return true;
}

static int step(struct walk *walk, const struct insn *insn, const u8 *bytes, u32 *why)
{
	bool tested = walk->tested;

	walk->tested = is_test(walk, insn) && !walk->skips;
	if (tested && !walk->skips && is_branch(insn, CONDITION_E)) {
		walk->skips = true;
		walk->at += insn->length;
		return 0;
	}
	if (tested && !walk->skips && is_branch(insn, CONDITION_NE)) {
		walk->skips = true;
		return follow(walk, insn, why);
	}
	if (is_jump(insn))
		return follow(walk, insn, why);
	if (!uses_register_well(walk, insn))
		return refuse(KVIEW_WHY_UNKNOWN_CODE, why);
	return copy(walk, insn, bytes, why);
}

/* Read the instruction at @addr into @bytes and @insn. */
static int read_insn(unsigned long addr, u8 *bytes, struct insn *insn, u32 *why)
{
	if (addr < kview_symbols._stext || addr + MAX_INSN_SIZE > kview_symbols._etext)
		return refuse(KVIEW_WHY_UNKNOWN_CODE, why);
	kview_textpage_read(addr, bytes, MAX_INSN_SIZE);
	if (bytes[0] == INT3)
		return refuse(KVIEW_WHY_TEXT_BUSY, why);
	if (kview_call(insn_decode)(insn, bytes, MAX_INSN_SIZE, INSN_MODE_64) < 0)
		return refuse(KVIEW_WHY_UNKNOWN_CODE, why);
	return 0;
}

static int walk_block(struct walk *walk, u32 *why)
{
	u8 bytes[MAX_INSN_SIZE];
	struct insn insn;
	int err = 0;

	while (!err) {
		err = read_insn(walk->at, bytes, &insn, why);
		if (err)
			return err;
		if (bytes[0] == CALL_OPCODE)
			break;
		err = step(walk, &insn, bytes, why);
	}
	if (err)
		return err;
	if (!walk->skips || !walk->loaded || !walk->is_call(walk->at, walk->data))
		return refuse(KVIEW_WHY_UNKNOWN_CODE, why);
	walk->setup->call = walk->at;
	walk->setup->resume = walk->at + CALL_SIZE;
	return 0;
}

static int start(struct walk *walk, u32 *why)
{
	u8 bytes[MAX_INSN_SIZE];
	struct insn insn;
	int err = read_insn(walk->at, bytes, &insn, why);

	if (err)
		return err;
	if (insn.length != LOAD_SIZE || insn.opcode.bytes[0] != 0x8b || !is_rip_relative(&insn) || insn.opnd_bytes != 8)
		return refuse(KVIEW_WHY_UNKNOWN_CODE, why);
	walk->setup->reg = reg_field(&insn);
	walk->at += LOAD_SIZE;
	return 0;
}

struct kview_setup *kview_setup_new(unsigned long load)
{
	struct kview_setup *setup = kzalloc(struct_size(setup, pieces, KVIEW_SETUP_MAX), GFP_KERNEL);

	if (setup)
		setup->load = load;
	return setup;
}

int kview_setup_read(struct kview_setup *setup, bool (*is_call)(unsigned long addr, const void *data),
		     const void *data, u32 *why)
{
	struct walk walk = { .setup = setup, .is_call = is_call, .data = data, .at = setup->load };
	int err;

	lockdep_assert_held(kview_symbols.text_mutex);
	setup->count = 0;
	err = start(&walk, why);
	return err ?: walk_block(&walk, why);
}

/* Everything it can lead to, kernel image and per-cpu offsets alike, is within 2 GiB of the arena, too. */
static void emit_piece(struct emitter *e, const struct kview_piece *piece)
{
	u8 bytes[sizeof(piece->bytes)];
	u32 distance;

	memcpy(bytes, piece->bytes, piece->size);
	if (piece->disp) {
		distance = piece->target - (e->base + e->size + piece->size);
		memcpy(bytes + piece->disp, &distance, sizeof(distance));
	}
	emit(e, bytes, piece->size);
}

void kview_setup_emit(struct emitter *e, const struct kview_setup *setup)
{
	u32 i;

	for (i = 0; i < setup->count; i++)
		emit_piece(e, &setup->pieces[i]);
}
