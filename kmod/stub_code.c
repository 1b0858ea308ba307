// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a stub does, and why in this order:
 *
 *	none of the threads that alone see the view? -> return, or jump to what the shared site calls
 *	push %rbp; mov %rsp,%rbp	a real frame, so that unwinders (which treat unknown code as frame-pointer code)
 *					step over us and bpf_get_stackid() in system call programs sees the kernel stack
 *	not in task context? -> skip	interrupts run in the member's view too; one test of preempt_count
 *	build struct pt_regs		the context of kprobe programs: registers as at function entry
 *	not on its own address space? -> skip	kernel threads and exiting tasks borrow whatever is loaded, and for an
 *					instant of a context switch the task before runs on the tables of the one after
 *	preempt_count++			programs may not migrate; this also keeps RCU from ending under them
 *	another program on this CPU? -> missed		bpf_prog_active, as trace_call_bpf() does
 *	bpf_stats_enabled? -> timed
 *	for each: set run context, call the program, count
 *	preempt_count--, reschedule if due
 *	restore argument registers; return, or jump to what the shared site calls (its return address is already right)
 *
 * With hooks on the function's return the last line is instead:
 *
 *	call the function behind its site, or what the shared site calls; its stack arguments are copied below us
 *	the same as above once more, with the registers it returned
 *	drop the return address into the function, return to its caller
 *
 * So the return address in the caller's frame is never touched: unwinders, other tracers and tasks that die inside find what
 * they expect. Who may be inside is found out by looking at stacks (stack.h), not by counting.
 *
 * For an empty program that makes 67 or 68 instructions. Registers the System V ABI lets a callee clobber at function entry
 * without meaning (r10, r11) are recorded but not restored, as in ftrace_caller.
 */
#include "stub_code.h"

#include <linux/thread_info.h>

#include "compat/percpu.h"
#include "compat/symbols.h"
#include "detour_code.h"
#include "frame_code.h"
#include "hook_code.h"
#include "link.h"
#include "program_code.h"
#include "proto.h"
#include "record.h"
#include "run.h"
#include "syscall_code.h"

/* Left on the stack for a function whose stub stays there; with less its return is given up. Ours takes about 1 KiB. */
#define STACK_RESERVE (THREAD_SIZE / 4)

/* incl (0x04) or decl (0x0c) %gs:offset */
#define EMIT_GS_STEP(e, modrm, offset)                                                                                 \
	do {                                                                                                           \
		EMIT(e, 0x65, 0xff, modrm, 0x25);                                                                      \
		emit_u32(e, offset);                                                                                   \
	} while (0)
#define INC 0x04
#define DEC 0x0c

typedef void emit_program_fn(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u64 *cookie);

/* A link closed while the function ran wants its return no more. Returns the jump over the program. */
static size_t emit_if_attached(struct emitter *e, const struct kview_hook *hook)
{
	emit_mov(e, RAX, (u64)&hook->link->closed);
	EMIT(e, 0x80, 0x38, 0x00); /* cmpb $0,(%rax) */
	return emit_jump(e, JNZ);
}

static void emit_programs(struct code *code, enum kview_group group, emit_program_fn *program)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;
	u32 i, session = 0;
	u64 cookie = 0;

	emit_rcu_lock(e);
	emit_context_enter(e);
	for (i = stub->group[group]; i < stub->group[group + 1]; i++) {
		const struct kview_hook *hook = stub->hooks[i];
		size_t closed = 0, others = emit_if_other_than(e, stub->threads ? stub->threads[i] : NULL);

		if (group >= KVIEW_RETURNS)
			closed = emit_if_attached(e, hook);
		/* What a skipped program would have left in the run context is not known: set it each time. */
		if (group >= KVIEW_RETURNS || stub->threads) {
			emit_cookie(e, hook->cookie);
			cookie = hook->cookie;
		}
		if (hook->link->kind == KVIEW_HOOK_SESSION)
			emit_session_program(e, stub, hook, session++, group == KVIEW_RETURNS);
		else
			program(e, stub, hook, &cookie);
		if (group >= KVIEW_RETURNS)
			emit_label(e, closed);
		emit_others_label(e, others);
	}
	emit_context_leave(e);
	emit_rcu_unlock(e);
}

/* Does a program run on this CPU that excludes all others of its kind? */
static size_t emit_if_busy(struct emitter *e)
{
	EMIT(e, 0x65, 0x83, 0x3c, 0x25); /* cmpl $0,%gs:bpf_prog_active */
	emit_u32(e, kview_symbols.bpf_prog_active);
	EMIT(e, 0x00);
	return emit_jump(e, JNZ);
}

/* Programs that exclude all other kprobe programs on this CPU. */
static void emit_probes(struct code *code, enum kview_group group, const void *missed_function, const void *timed_function)
{
	u32 active = kview_symbols.bpf_prog_active;
	struct emitter *e = &code->e;
	struct detour *missed, *timed;

	if (!kview_group_count(code->stub, group))
		return;
	missed = begin_detour(code, emit_if_busy(e), missed_function);
	EMIT_GS_STEP(e, INC, active);
	timed = begin_detour(code, emit_if_timed(&code->e), timed_function);
	emit_programs(code, group, emit_probe_program);
	end_detour(code, timed);
	EMIT_GS_STEP(e, DEC, active);
	end_detour(code, missed);
}

static void emit_traces(struct code *code, enum kview_group group, const void *timed_function)
{
	struct detour *timed;

	if (!kview_group_count(code->stub, group))
		return;
	timed = begin_detour(code, emit_if_timed(&code->e), timed_function);
	emit_programs(code, group, emit_trace_program);
	end_detour(code, timed);
}

static void emit_preempt_disable(struct emitter *e)
{
	EMIT_GS_STEP(e, INC, KVIEW_GS_PREEMPT);
}

static void emit_preempt_enable(struct code *code)
{
	EMIT_GS_STEP(&code->e, DEC, KVIEW_GS_PREEMPT);
	/* zero: nothing nested, and a reschedule is due (the bit is inverted) */
	end_detour(code, begin_detour(code, emit_jump(&code->e, JZ), kview_run_resched));
}

static void emit_entry_programs(struct code *code)
{
	emit_syscall_seen(code);
	emit_preempt_disable(&code->e);
	emit_syscall_late(code);
	emit_probes(code, KVIEW_ENTRIES, kview_run_missed, kview_run_timed);
	emit_traces(code, KVIEW_TRACE_ENTRIES, kview_run_timed_trace);
	emit_syscall_raws(code);
	emit_syscall_calls(code);
	emit_preempt_enable(code);
}

static size_t emit_unless_room(struct emitter *e)
{
	EMIT(e, 0x89, 0xe0, 0x25); /* mov %esp,%eax; and $(THREAD_SIZE - 1),%eax */
	emit_u32(e, THREAD_SIZE - 1);
	EMIT(e, 0x3d); /* cmp $STACK_RESERVE,%eax */
	emit_u32(e, STACK_RESERVE);
	return emit_jump(e, JB);
}

/* After a call that may have slept: go where kview_run_pinned() said. The chain this stub was built for may be gone. */
static void emit_pinned_end(struct emitter *e, const struct kview_stub *stub)
{
	size_t plain;

	emit_load(e, R11, FRAME(r15) - 8);
	emit_restore(e, stub);
	emit_leave(e);
	EMIT(e, 0x4d, 0x85, 0xdb); /* test %r11,%r11 */
	plain = emit_jump(e, JZ);
	EMIT(e, 0x41, 0x53); /* push %r11: a return needs neither retpoline nor landing pad */
	emit_label(e, plain);
	emit_return(e);
}

/* On to the function, or first to what the shared site calls. */
static void emit_chain(struct code *code)
{
	if (code->chain)
		emit_branch(&code->e, JMP_OPCODE, code->chain);
	else
		emit_return(&code->e);
}

static void emit_end(struct code *code)
{
	code->cold.end = code->e.size;
	emit_restore(&code->e, code->stub);
	emit_leave(&code->e);
	emit_chain(code);
}

/*
 * Call the function with our frame kept. What the shared site calls expects to stand between it and its caller, so it gets
 * a return address into the function pushed by hand; where it leads in a pinned stub is in %r11, 0 for nowhere.
 */
static void emit_function_call(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	unsigned long function = stub->site + KVIEW_SITE_SIZE;
	struct emitter *e = &code->e;
	size_t over, plain;
	u32 i;

	for (i = stub->stack_words; i--;) {
		EMIT(e, 0xff, 0xb5); /* push STACK_ARGS + i * 8(%rbp) */
		emit_u32(e, STACK_ARGS + i * sizeof(u64));
	}
	if (!stub->pin && !code->chain) {
		emit_branch(e, CALL_OPCODE, function);
		code->resume = e->size;
		return;
	}
	EMIT(e, CALL_OPCODE); /* to the next instruction but one */
	emit_u32(e, 5);
	code->resume = e->size;
	over = emit_jump_always(e);
	EMIT(e, 0x68); /* push $function */
	emit_u32(e, function);
	if (!stub->pin) {
		emit_branch(e, JMP_OPCODE, code->chain);
	} else {
		EMIT(e, 0x4d, 0x85, 0xdb); /* test %r11,%r11 */
		plain = emit_jump(e, JZ);
		EMIT(e, 0x41, 0x53); /* push %r11 */
		emit_label(e, plain);
		emit_return(e);
	}
	emit_label(e, over);
}

static void emit_return_programs(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;

	if (stub->stack_words)
		emit_lea(e, RSP, -area_bytes(stub));
	if (kview_group_count(stub, KVIEW_TRACE_RETURNS))
		emit_store(e, RAX, record_slot(stub, stub->proto->words));
	emit_return_frame(e);
	code->cold.left = emit_unless_own_mm(e);
	emit_preempt_disable(e);
	emit_probes(code, KVIEW_RETURNS, kview_run_missed_return, kview_run_timed_return);
	emit_traces(code, KVIEW_TRACE_RETURNS, kview_run_timed_trace_return);
	if (kview_group_count(stub, KVIEW_DENIALS))
		emit_c_call(e, stub, kview_run_denied);
	emit_preempt_enable(code);
	code->cold.back = e->size;
	emit_load(e, RAX, FRAME(ax));
	emit_load(e, RDX, FRAME(dx));
	emit_load(e, RBX, FRAME(bx));
}

static void emit_around(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;

	if (stub->pin)
		emit_load(e, R11, FRAME(r15) - 8);
	emit_restore(e, stub);
	emit_lea(e, RSP, -area_bytes(stub));
	emit_function_call(code);
	emit_return_programs(code);
	emit_leave(e);
	EMIT(e, 0x48, 0x8d, 0x64, 0x24, 0x08); /* lea 8(%rsp),%rsp: past the return address into the function */
	emit_return(e);
}

static bool is_all(const struct kview_stub *stub, enum kview_group group)
{
	return stub->count && kview_group_count(stub, group) == stub->count && !stub->pin;
}

/* With hooks on entries alone. */
static void emit_pass_dispatched(struct code *code)
{
	size_t late = emit_settle_dispatched(&code->e);

	emit_chain(code);
	emit_label(&code->e, late);
}

/*
 * At perf_trace_run_bpf_submit(), whose stack holds nothing yet: events of ours (record.h) do not go on into it, unless
 * they are missed. Its return address, which the CPU's return predictor expects, leads to a second return then.
 */
static void emit_submit(struct code *code)
{
	struct emitter *e = &code->e;
	size_t others, busy, out;

	if (code->chain) { /* whoever traces that function sees all events pass */
		emit_chain(code);
		return;
	}
	emit_mov(e, RAX, (__force u64)kview_record_nobody());
	EMIT(e, 0x48, 0x3b, 0x81); /* cmp perf_events(%rcx),%rax */
	emit_u32(e, offsetof(struct trace_event_call, perf_events));
	others = emit_jump(e, JNZ);
	busy = emit_if_busy(e);
	EMIT(e, 0x55, 0x48, 0x89, 0xe5); /* push %rbp; mov %rsp,%rbp */
	emit_call(e, kview_run_submitted);
	EMIT(e, 0x48, 0xc7, 0x45, 0x08); /* movq $out,8(%rbp) */
	out = e->size;
	emit_u32(e, 0);
	emit_leave(e);
	emit_return(e);
	emit_address(e, out);
	emit_return(e);
	emit_label(e, others);
	emit_label(e, busy);
	emit_return(e);
}

static void emit_hot(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;

	if (stub->only)
		code->cold.others = emit_if_others(e, stub->only);
	if (is_all(stub, KVIEW_DENIALS))
		code->cold.dispatched = emit_if_dispatched(e);
	if (is_all(stub, KVIEW_LATE))
		emit_pass_dispatched(code);
	EMIT(e, 0x55, 0x48, 0x89, 0xe5); /* push %rbp; mov %rsp,%rbp */
	code->cold.interrupt = emit_unless_task(e);
	emit_area(e, stub);
	emit_frame(e, stub);
	code->cold.borrowed = emit_unless_own_mm(e);
	if (kview_around(stub))
		code->cold.deep = emit_unless_room(e);
	if (stub->proto)
		emit_record(e, stub);
	if (stub->sessions)
		emit_sessions(e, stub);
	if (stub->pin) {
		emit_c_call(e, stub, kview_run_pinned);
		EMIT(e, 0x50); /* push %rax: where to go on, right below struct pt_regs */
	}
	if (stub->group[KVIEW_RETURNS])
		emit_entry_programs(code);
	emit_syscall_put_off(code);
	if (kview_around(stub))
		emit_around(code);
	else if (stub->pin)
		emit_pinned_end(e, stub);
	emit_end(code);
}

/* An interrupt that came upon a member; of NMIs, as elsewhere in the kernel, programs see nothing. */
static void emit_interrupt(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;
	size_t nmi, borrowed;

	nmi = emit_if_nmi(e);
	borrowed = emit_unless_own_mm(e);
	if (stub->proto)
		emit_record(e, stub);
	emit_c_call(e, stub, kview_run_interrupt);
	emit_jump_back(e, code->cold.end);
	emit_label(e, nmi);
	emit_label(e, borrowed);
}

/* At the function's entry: without programs, and without coming back at its return. */
static void emit_cold_entry(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;

	emit_others_label(e, code->cold.others);
	emit_others_label(e, code->cold.dispatched);
	if (code->cold.others || code->cold.dispatched)
		emit_chain(code);
	emit_label(e, code->cold.interrupt);
	emit_area(e, stub);
	emit_frame(e, stub);
	if (stub->interrupts)
		emit_interrupt(code);
	emit_label(e, code->cold.borrowed);
	emit_c_call(e, stub, kview_run_skipped);
	emit_jump_back(e, code->cold.end);
	if (!kview_around(stub))
		return;
	emit_label(e, code->cold.deep);
	emit_c_call(e, stub, kview_run_missed_all);
	emit_jump_back(e, code->cold.end);
}

static void emit_cold_return(struct code *code)
{
	emit_label(&code->e, code->cold.left);
	emit_c_call(&code->e, code->stub, kview_run_skipped_return);
	emit_jump_back(&code->e, code->cold.back);
}

size_t kview_stub_code(const struct kview_stub *stub, u8 *buffer, unsigned long chain, size_t *ret_resume)
{
	struct code code = {
		.e = { .buffer = buffer, .base = (unsigned long)stub->code },
		.stub = stub,
		.chain = chain,
	};

	if (is_all(stub, KVIEW_SUBMITS)) {
		emit_submit(&code);
		return code.e.size;
	}
	emit_hot(&code);
	emit_cold_entry(&code);
	emit_cold_put_off(&code);
	if (kview_around(stub))
		emit_cold_return(&code);
	emit_detours(&code);
	*ret_resume = code.resume;
	return code.e.size;
}
