// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a stub does, and why in this order:
 *
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
 *
 * The frame, downwards from the caller's return address:
 *
 *	16(%rbp)	return address into the caller
 *	8(%rbp)		return address into the function, behind its site
 *	0(%rbp)		caller's %rbp
 *	sessions	a word with a bit for each that wants the return, then 8 bytes for each
 *	trace record	upwards: address of the function, number of words, words of arguments, result; for tracing programs
 *	struct pt_regs	while programs run
 */
#include "stub_code.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/thread_info.h>

#include "compat/multi.h"
#include "compat/percpu.h"
#include "compat/symbols.h"
#include "emit.h"
#include "link.h"
#include "multi.h"
#include "proto.h"
#include "run.h"
#include "stub.h"

/* Softirqs being served, hard interrupts, NMIs: not in_task(). Code that merely disabled softirqs is task context. */
#define NOT_TASK_MASK (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)

/* Left on the stack for a function whose stub stays there; with less its return is given up. Ours takes about 1 KiB. */
#define STACK_RESERVE (THREAD_SIZE / 4)

#define CALLER_RETURN 16 /* above the frame pointer */
#define STACK_ARGS 24

static s32 area_bytes(const struct kview_stub *stub)
{
	return stub->area * sizeof(u64);
}

/* Distance below the frame pointer of a register's slot in struct pt_regs. */
static s32 frame_slot(const struct kview_stub *stub, size_t offset)
{
	return (s32)offset - (s32)sizeof(struct pt_regs) - area_bytes(stub);
}

#define FRAME(reg) frame_slot(stub, offsetof(struct pt_regs, reg))

/* Distance below the frame pointer of a word of the trace record; 0 is the first argument. */
static s32 record_slot(const struct kview_stub *stub, s32 word)
{
	return (word + 2) * (s32)sizeof(u64) - area_bytes(stub);
}

/* The same of the word that says which sessions want the return, and of the 8 bytes of one. */
#define WANTED_SLOT (-(s32)sizeof(u64))

static s32 session_slot(u32 index)
{
	return WANTED_SLOT - (s32)(index + 1) * (s32)sizeof(u64);
}

static void emit_area(struct emitter *e, const struct kview_stub *stub)
{
	if (stub->area)
		emit_lea(e, RSP, -area_bytes(stub));
}

/* @sp: distance of the stack pointer to be recorded above the frame pointer. The address is pushed before or after. */
static void emit_frame_top(struct emitter *e, u8 sp)
{
	EMIT(e, 0x6a, __KERNEL_DS);		  /* push $__KERNEL_DS		ss */
	EMIT(e, 0x55, 0x48, 0x83, 0x04, 0x24, sp); /* push %rbp; addq $sp,(%rsp)	sp */
	EMIT(e, 0x9c);				  /* pushfq			flags */
	EMIT(e, 0x6a, __KERNEL_CS);		  /* push $__KERNEL_CS		cs */
}

static void emit_frame_rest(struct emitter *e)
{
	EMIT(e, 0x57, 0x56, 0x52, 0x51, 0x50);	  /* push %rdi %rsi %rdx %rcx %rax */
	EMIT(e, 0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53); /* push %r8 %r9 %r10 %r11 */
	EMIT(e, 0x53, 0xff, 0x75, 0x00);	  /* push %rbx; push (%rbp)	the caller's rbp */
	EMIT(e, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57); /* push %r12 %r13 %r14 %r15 */
}

/* Registers at the function's entry. */
static void emit_frame(struct emitter *e, const struct kview_stub *stub)
{
	emit_frame_top(e, CALLER_RETURN);
	EMIT(e, 0x68); /* push $ip: the probed address plus one, where the CPU stands when a breakpoint has been hit */
	emit_u32(e, stub->site + 1);
	EMIT(e, 0x6a, 0x00); /* push $0		orig_ax, as ftrace_regs_caller has it */
	emit_frame_rest(e);
}

/* Registers behind the call of the function, as a kretprobe's program gets them. */
static void emit_return_frame(struct emitter *e)
{
	emit_frame_top(e, STACK_ARGS);
	EMIT(e, 0xff, 0x75, CALLER_RETURN); /* push 16(%rbp)	ip */
	EMIT(e, 0x6a, 0xff);		    /* push $-1		orig_ax */
	emit_frame_rest(e);
}

static void emit_restore(struct emitter *e, const struct kview_stub *stub)
{
	emit_load(e, RDI, FRAME(di));
	emit_load(e, RSI, FRAME(si));
	emit_load(e, RDX, FRAME(dx));
	emit_load(e, RCX, FRAME(cx));
	emit_load(e, RAX, FRAME(ax));
	emit_load(e, R8, FRAME(r8));
	emit_load(e, R9, FRAME(r9));
	emit_load(e, RBX, FRAME(bx));
}

static void emit_leave(struct emitter *e)
{
	EMIT(e, 0xc9);
}

/* function(stub, regs) */
static void emit_c_call(struct emitter *e, const struct kview_stub *stub, const void *function)
{
	emit_mov(e, RDI, (u64)stub);
	emit_lea(e, RSI, FRAME(r15));
	emit_call(e, function);
}

/* incl (0x04) or decl (0x0c) %gs:offset */
#define EMIT_GS_STEP(e, modrm, offset)                                                                                 \
	do {                                                                                                           \
		EMIT(e, 0x65, 0xff, modrm, 0x25);                                                                      \
		emit_u32(e, offset);                                                                                   \
	} while (0)
#define INC 0x04
#define DEC 0x0c

/* this_cpu_inc(hook->counts->runs), with preemption off */
static void emit_count(struct emitter *e, const struct kview_hook *hook)
{
	emit_mov(e, RAX, (u64)hook->counts + offsetof(struct kview_counts, runs));
	EMIT(e, 0x65, 0x48, 0xff, 0x00); /* incq %gs:(%rax) */
}

/* Let kprobe_running() find the hook, for the programs that ask for their function's address. */
static void emit_probe_enter(struct emitter *e, const struct kview_hook *hook)
{
	EMIT(e, 0x65, 0xff, 0x34, 0x25); /* push %gs:current_kprobe */
	emit_u32(e, kview_symbols.current_kprobe);
	emit_mov(e, RAX, (u64)&hook->probe);
	EMIT(e, 0x65, 0x48, 0x89, 0x04, 0x25); /* mov %rax,%gs:current_kprobe */
	emit_u32(e, kview_symbols.current_kprobe);
}

static void emit_probe_leave(struct emitter *e)
{
	EMIT(e, 0x65, 0x8f, 0x04, 0x25); /* pop %gs:current_kprobe */
	emit_u32(e, kview_symbols.current_kprobe);
}

static void emit_set_context(struct emitter *e)
{
	EMIT(e, 0x48, 0x89, 0x83); /* mov %rax,bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
}

/* struct bpf_trace_run_ctx on the stack, with the cookie at 8(%rsp) from here on; %rbx is current */
static void emit_context_enter(struct emitter *e)
{
	if (sizeof(struct bpf_trace_run_ctx) > sizeof(u64))
		EMIT(e, 0x6a, 0x00); /* push $0		is_uprobe */
	EMIT(e, 0x6a, 0x00);	     /* push $0		bpf_cookie */
	EMIT(e, 0xff, 0xb3);	     /* push bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
	EMIT(e, 0x48, 0x8d, 0x44, 0x24, 0x08); /* lea 8(%rsp),%rax */
	emit_set_context(e);
}

static void emit_context_leave(struct emitter *e)
{
	EMIT(e, 0x8f, 0x83); /* pop bpf_ctx(%rbx) */
	emit_u32(e, offsetof(struct task_struct, bpf_ctx));
}

static void emit_cookie(struct emitter *e, u64 cookie)
{
	emit_mov(e, RAX, cookie);
	EMIT(e, 0x48, 0x89, 0x44, 0x24, 0x08); /* mov %rax,8(%rsp) */
}

static void emit_hook_cookie(struct emitter *e, const struct kview_hook *hook, u64 *cookie)
{
	if (hook->cookie == *cookie)
		return;
	emit_cookie(e, hook->cookie);
	*cookie = hook->cookie;
}

/* mov %rax,@disp(%rsp) */
static void emit_store_sp(struct emitter *e, u8 disp)
{
	EMIT(e, 0x48, 0x89, 0x44, 0x24, disp);
}

/* struct bpf_kprobe_multi_run_ctx below the common context, and back */
static void emit_multi_enter(struct emitter *e, const struct kview_hook *hook)
{
	const struct kview_multi *multi = hook->link->multi;

	EMIT(e, 0x48, 0x8d, 0x64, 0x24, (u8)-multi->layout->context_size); /* lea -context_size(%rsp),%rsp */
	emit_mov(e, RAX, (u64)multi->link);
	emit_store_sp(e, multi->layout->context_link);
	emit_mov(e, RAX, hook->addr);
	emit_store_sp(e, multi->layout->context_ip);
	EMIT(e, 0x48, 0x89, 0xe0); /* mov %rsp,%rax */
	emit_set_context(e);
}

static void emit_session(struct emitter *e, const struct kview_hook *hook, u32 index, bool is_return)
{
	const struct kview_multi_layout *layout = hook->link->multi->layout;

	emit_mov(e, RAX, is_return);
	emit_store_sp(e, layout->context_is_return);
	emit_lea(e, RAX, session_slot(index));
	emit_store_sp(e, layout->context_data);
}

static void emit_multi_leave(struct emitter *e, const struct kview_hook *hook)
{
	EMIT(e, 0x48, 0x8d, 0x64, 0x24, hook->link->multi->layout->context_size); /* lea context_size(%rsp),%rsp */
	EMIT(e, 0x48, 0x8d, 0x44, 0x24, 0x08);				      /* lea 8(%rsp),%rax */
	emit_set_context(e);
}

static void emit_call_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook)
{
	emit_lea(e, RDI, FRAME(r15));
	emit_call(e, hook->link->prog->bpf_func);
}

/* Loaded for kprobe.multi: helpers find cookie and function in a context of their own. */
static void emit_multi_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook)
{
	emit_multi_enter(e, hook);
	emit_call_program(e, stub, hook);
	emit_multi_leave(e, hook);
}

/* The program's result at the entry, if not zero, calls its return off. */
static void emit_session_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook,
				 u32 index, bool is_return)
{
	size_t skip = 0;

	if (is_return) {
		EMIT(e, 0x48, 0x0f, 0xba, 0x65, (u8)WANTED_SLOT, index); /* btq $index,WANTED_SLOT(%rbp) */
		skip = emit_jump(e, JNC);
	}
	emit_multi_enter(e, hook);
	emit_session(e, hook, index, is_return);
	emit_call_program(e, stub, hook);
	if (!is_return) {
		EMIT(e, 0x85, 0xc0); /* test %eax,%eax */
		skip = emit_jump(e, JZ);
		EMIT(e, 0x48, 0x0f, 0xba, 0x75, (u8)WANTED_SLOT, index); /* btrq $index,WANTED_SLOT(%rbp) */
		emit_label(e, skip);
	}
	emit_multi_leave(e, hook);
	emit_count(e, hook);
	if (is_return)
		emit_label(e, skip);
}

/* With struct pt_regs as context. */
static void emit_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u64 *cookie)
{
	const struct bpf_prog *prog = hook->link->prog;

	if (hook->link->multi) {
		emit_multi_program(e, stub, hook);
	} else {
		emit_hook_cookie(e, hook, cookie);
		if (prog->call_get_func_ip)
			emit_probe_enter(e, hook);
		emit_call_program(e, stub, hook);
		if (prog->call_get_func_ip)
			emit_probe_leave(e);
	}
	emit_count(e, hook);
}

/* With the trace record as context. A program excludes only itself, as in __bpf_prog_enter_recur(). */
static void emit_trace_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u64 *cookie)
{
	const struct bpf_prog *prog = hook->link->prog;
	size_t busy, done;

	emit_hook_cookie(e, hook, cookie);
	emit_mov(e, RAX, (u64)prog->active);
	EMIT(e, 0x65, 0xff, 0x00);	 /* incl %gs:(%rax) */
	EMIT(e, 0x65, 0x83, 0x38, 0x01); /* cmpl $1,%gs:(%rax) */
	busy = emit_jump(e, JNZ);
	emit_lea(e, RDI, record_slot(stub, 0));
	emit_call(e, prog->bpf_func);
	emit_count(e, hook);
	done = emit_jump_always(e);
	emit_label(e, busy);
	emit_mov(e, RDI, (u64)hook);
	emit_call(e, kview_run_missed_one);
	emit_label(e, done);
	emit_mov(e, RAX, (u64)prog->active);
	EMIT(e, 0x65, 0xff, 0x08); /* decl %gs:(%rax) */
}

/* With lock debugging on, helpers insist on a real rcu_read_lock(); otherwise preempt_count does as well and for less. */
static void emit_rcu(struct emitter *e, const void *function)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		emit_call(e, function);
}

/* Places the cold code, which follows the hot code, jumps to and comes from. */
struct cold {
	size_t interrupt, borrowed, deep; /* jumps out, at the function's entry */
	size_t end;			  /* where they return */
	size_t left, back;		  /* the same at its return */
};

/* A call into C that is not on the usual way. */
struct detour {
	size_t out, back;
	const void *function;
};

#define DETOURS 8

struct code {
	struct emitter e;
	const struct kview_stub *stub;
	unsigned long chain;
	struct cold cold;
	struct detour detours[DETOURS];
	u32 detour_count;
	size_t resume;
};

/* Leave for function(stub, regs) on @condition; come back where end_detour() is called. */
static struct detour *begin_detour(struct code *code, u8 condition, const void *function)
{
	struct detour *detour = &code->detours[code->detour_count++];

	detour->out = emit_jump(&code->e, condition);
	detour->function = function;
	return detour;
}

static void end_detour(struct code *code, struct detour *detour)
{
	detour->back = code->e.size;
}

/* cmpl $0,bpf_stats_enabled_key; then C runs the programs and times them */
static struct detour *begin_timed(struct code *code, const void *timed)
{
	struct emitter *e = &code->e;

	EMIT(e, 0x83, 0x3c, 0x25);
	emit_u32(e, (unsigned long)&bpf_stats_enabled_key.key.enabled);
	EMIT(e, 0x00);
	return begin_detour(code, JNZ, timed);
}

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

	emit_rcu(e, kview_run_rcu_lock);
	emit_context_enter(e);
	for (i = stub->group[group]; i < stub->group[group + 1]; i++) {
		const struct kview_hook *hook = stub->hooks[i];
		size_t closed = 0;

		/* What a skipped program would have left in the run context is not known: set it each time. */
		if (group >= KVIEW_RETURNS) {
			closed = emit_if_attached(e, hook);
			emit_cookie(e, hook->cookie);
			cookie = hook->cookie;
		}
		if (hook->link->kind == KVIEW_HOOK_SESSION)
			emit_session_program(e, stub, hook, session++, group == KVIEW_RETURNS);
		else
			program(e, stub, hook, &cookie);
		if (group >= KVIEW_RETURNS)
			emit_label(e, closed);
	}
	emit_context_leave(e);
	/* What is left of the run context goes with the frame. */
	emit_rcu(e, kview_run_rcu_unlock);
}

/* Programs that exclude all other kprobe programs on this CPU. */
static void emit_probes(struct code *code, enum kview_group group, const void *missed_function, const void *timed_function)
{
	u32 active = kview_symbols.bpf_prog_active;
	struct emitter *e = &code->e;
	struct detour *missed, *timed;

	if (!kview_group_count(code->stub, group))
		return;
	EMIT(e, 0x65, 0x83, 0x3c, 0x25); /* cmpl $0,%gs:bpf_prog_active */
	emit_u32(e, active);
	EMIT(e, 0x00);
	missed = begin_detour(code, JNZ, missed_function);
	EMIT_GS_STEP(e, INC, active);
	timed = begin_timed(code, timed_function);
	emit_programs(code, group, emit_program);
	end_detour(code, timed);
	EMIT_GS_STEP(e, DEC, active);
	end_detour(code, missed);
}

static void emit_traces(struct code *code, enum kview_group group, const void *timed_function)
{
	struct detour *timed;

	if (!kview_group_count(code->stub, group))
		return;
	timed = begin_timed(code, timed_function);
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
	end_detour(code, begin_detour(code, JZ, kview_run_resched));
}

/* The arguments as they came, for tracing programs at either end of the function. */
static void emit_record(struct emitter *e, const struct kview_stub *stub)
{
	static const enum reg registers[KVIEW_PROTO_REGISTERS] = { RDI, RSI, RDX, RCX, R8, R9 };
	const struct kview_proto *proto = stub->proto;
	u32 i;

	/* The function's own address, in front of a possible endbr. */
	emit_mov(e, R10, stub->function);
	emit_store(e, R10, record_slot(stub, -2));
	emit_mov(e, R10, proto->words);
	emit_store(e, R10, record_slot(stub, -1));
	for (i = 0; i < proto->words; i++) {
		enum reg reg = R10;

		if (proto->place[i] < KVIEW_PROTO_REGISTERS)
			reg = registers[proto->place[i]];
		else
			emit_load(e, R10, STACK_ARGS + (proto->place[i] - KVIEW_PROTO_REGISTERS) * sizeof(u64));
		emit_store(e, reg, record_slot(stub, i));
	}
}

/* All want the return, and find their 8 bytes empty. */
static void emit_sessions(struct emitter *e, const struct kview_stub *stub)
{
	u32 i;

	emit_mov(e, R10, U64_MAX);
	emit_store(e, R10, WANTED_SLOT);
	emit_mov(e, R10, 0);
	for (i = 0; i < stub->sessions; i++)
		emit_store(e, R10, session_slot(i));
}

static void emit_entry_programs(struct code *code)
{
	const struct kview_stub *stub = code->stub;

	emit_preempt_disable(&code->e);
	emit_probes(code, KVIEW_ENTRIES, kview_run_missed, kview_run_timed);
	emit_traces(code, KVIEW_TRACE_ENTRIES, kview_run_timed_trace);
	if (kview_group_count(stub, KVIEW_RAWS) || kview_group_count(stub, KVIEW_CALLS))
		emit_c_call(&code->e, stub, kview_run_syscall);
	emit_preempt_enable(code);
}

/* testl $NOT_TASK_MASK,%gs:preempt_count */
static size_t emit_unless_task(struct emitter *e)
{
	EMIT(e, 0x65, 0xf7, 0x04, 0x25);
	emit_u32(e, KVIEW_GS_PREEMPT);
	emit_u32(e, NOT_TASK_MASK);
	return emit_jump(e, JNZ);
}

/* Is this a member's task on its own address space? %rbx becomes current. */
static size_t emit_unless_own_mm(struct emitter *e)
{
	EMIT(e, 0x65, 0x48, 0x8b, 0x1c, 0x25); /* mov %gs:current,%rbx */
	emit_u32(e, KVIEW_GS_CURRENT);
	EMIT(e, 0x48, 0x8b, 0x83);	       /* mov mm(%rbx),%rax */
	emit_u32(e, offsetof(struct task_struct, mm));
	EMIT(e, 0x65, 0x48, 0x3b, 0x04, 0x25); /* cmp %gs:cpu_tlbstate.loaded_mm,%rax */
	emit_u32(e, KVIEW_GS_LOADED_MM);
	return emit_jump(e, JNZ);
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
static void emit_end(struct code *code)
{
	struct emitter *e = &code->e;

	code->cold.end = e->size;
	emit_restore(e, code->stub);
	emit_leave(e);
	if (code->chain)
		emit_branch(e, JMP_OPCODE, code->chain);
	else
		emit_return(e);
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

static void emit_hot(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;

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
	if (kview_around(stub))
		emit_around(code);
	else if (stub->pin)
		emit_pinned_end(e, stub);
	emit_end(code);
}

static void emit_detours(struct code *code)
{
	u32 i;

	for (i = 0; i < code->detour_count; i++) {
		emit_label(&code->e, code->detours[i].out);
		emit_c_call(&code->e, code->stub, code->detours[i].function);
		emit_jump_back(&code->e, code->detours[i].back);
	}
}

/* An interrupt that came upon a member; of NMIs, as elsewhere in the kernel, programs see nothing. */
static void emit_interrupt(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;
	size_t nmi, borrowed;

	EMIT(e, 0x65, 0xf7, 0x04, 0x25); /* testl $NMI_MASK,%gs:preempt_count */
	emit_u32(e, KVIEW_GS_PREEMPT);
	emit_u32(e, NMI_MASK);
	nmi = emit_jump(e, JNZ);
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

	emit_hot(&code);
	emit_cold_entry(&code);
	if (kview_around(stub))
		emit_cold_return(&code);
	emit_detours(&code);
	*ret_resume = code.resume;
	return code.e.size;
}
