// SPDX-License-Identifier: GPL-2.0-only
#include "syscall_code.h"

#include <linux/thread_info.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "compat/percpu.h"
#include "compat/symbols.h"
#include "frame_code.h"
#include "link.h"
#include "program_code.h"
#include "run.h"
#include "stub.h"

/* *kview_call_settled(current) = @settled */
static void emit_settled(struct emitter *e, u8 settled)
{
	EMIT(e, 0x48, 0x8b, 0x83); /* mov stack(%rbx),%rax */
	emit_u32(e, offsetof(struct task_struct, stack));
	EMIT(e, 0x48, 0xc7, 0x40, sizeof(unsigned long), settled, 0, 0, 0); /* movq $settled,8(%rax) */
}

/* Numbers both tables have are dispatched, of others nobody but C knows. */
#define DISPATCHED_MAX min(NR_syscalls, IA32_NR_syscalls)

void emit_syscall_late(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;

	if (!kview_group_count(stub, KVIEW_LATE))
		return;
	emit_load(e, RAX, FRAME(di));
	EMIT(e, 0x81, 0x78, offsetof(struct pt_regs, orig_ax)); /* cmpl $DISPATCHED_MAX,orig_ax(%rax) */
	emit_u32(e, DISPATCHED_MAX);
	end_detour(code, begin_detour(code, emit_jump(e, JNC), kview_run_late));
	emit_settled(e, 0);
}

/* Of user space's own calls; see dispatched_to_user(). */
static size_t emit_if_user_dispatch(struct emitter *e)
{
	EMIT(e, 0x48, 0xf7, 0x83); /* testq $SYSCALL_WORK_SYSCALL_USER_DISPATCH,syscall_work(%rbx) */
	emit_u32(e, offsetof(struct task_struct, thread_info.syscall_work));
	emit_u32(e, SYSCALL_WORK_SYSCALL_USER_DISPATCH);
	return emit_jump(e, JNZ);
}

void emit_syscall_raws(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	bool exit = stub->role == KVIEW_ROLE_SYSCALL_EXIT;
	struct detour *dispatch = NULL, *timed;
	struct emitter *e = &code->e;
	size_t others;
	u32 i;

	if (!kview_group_count(stub, KVIEW_RAWS))
		return;
	if (exit)
		dispatch = begin_detour(code, emit_if_user_dispatch(e), kview_run_raws);
	timed = begin_detour(code, emit_if_timed(e), kview_run_raws);
	if (stub->group[KVIEW_RAWS])
		emit_lea(e, RSP, FRAME(r15)); /* what programs before have left goes */
	emit_load(e, RDX, FRAME(di));
	if (exit)
		EMIT(e, 0xff, 0x72, offsetof(struct pt_regs, ax)); /* push ax(%rdx) */
	else
		EMIT(e, 0x48, 0x63, 0x42, offsetof(struct pt_regs, orig_ax), 0x50); /* movslq orig_ax(%rdx),%rax; push %rax */
	EMIT(e, 0x52); /* push %rdx */
	emit_rcu_lock(e);
	emit_context_enter(e);
	for (i = stub->group[KVIEW_RAWS]; i < stub->group[KVIEW_RAWS + 1]; i++) {
		others = emit_if_other_than(e, stub->threads ? stub->threads[i] : NULL);
		emit_raw_program(e, stub->hooks[i], FRAME(r15) - 2 * (s32)sizeof(u64),
				 stub->hooks[i]->link->puts_off ? FRAME(orig_ax) : 0);
		emit_others_label(e, others);
	}
	emit_context_leave(e);
	emit_rcu_unlock(e);
	if (dispatch)
		end_detour(code, dispatch);
	end_detour(code, timed);
}

static bool may_put_off(const struct kview_stub *stub)
{
	u32 i;

	for (i = stub->group[KVIEW_RAWS]; i < stub->group[KVIEW_RAWS + 1]; i++) {
		if (stub->hooks[i]->link->puts_off)
			return true;
	}
	return false;
}

void emit_syscall_put_off(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;

	if (!may_put_off(stub))
		return;
	EMIT(e, 0x83, 0xbd); /* cmpl $0,orig_ax(%rbp): 0 unless a program has left something */
	emit_u32(e, FRAME(orig_ax));
	EMIT(e, 0x00);
	code->cold.put_off = emit_jump(e, JNZ);
	code->cold.made = e->size;
}

void emit_cold_put_off(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;
	size_t made;

	if (!code->cold.put_off)
		return;
	emit_label(e, code->cold.put_off);
	emit_c_call(e, stub, kview_run_put_off);
	EMIT(e, 0x85, 0xc0); /* test %eax,%eax */
	made = emit_jump(e, JZ);
	emit_mov(e, RAX, -ERESTARTNOINTR);
	emit_load(e, RBX, FRAME(bx));
	emit_leave(e);
	EMIT(e, 0x48, 0x8d, 0x64, 0x24, 0x08); /* lea 8(%rsp),%rsp: past the return address into the function */
	emit_return(e);
	emit_label(e, made);
	emit_jump_back(e, code->cold.made);
}

static bool has_hooks_of_all(const struct kview_stub *stub)
{
	return stub->hooks[stub->group[KVIEW_CALLS + 1] - 1]->number == KVIEW_NUMBER_ALL;
}

void emit_syscall_calls(struct code *code)
{
	const struct kview_stub *stub = code->stub;
	struct emitter *e = &code->e;
	size_t beyond = 0, none = 0;

	if (!kview_group_count(stub, KVIEW_CALLS))
		return;
	if (!has_hooks_of_all(stub)) {
		emit_load(e, RAX, FRAME(di));
		EMIT(e, 0x8b, 0x40, offsetof(struct pt_regs, orig_ax)); /* mov orig_ax(%rax),%eax */
		EMIT(e, 0x3d); /* cmp $KVIEW_SYSCALL_MAX,%eax */
		emit_u32(e, KVIEW_SYSCALL_MAX);
		beyond = emit_jump(e, JA);
		emit_mov(e, RCX, (u64)stub->first);
		EMIT(e, 0x0f, 0xb7, 0x14, 0x41);       /* movzwl (%rcx,%rax,2),%edx */
		EMIT(e, 0x66, 0x3b, 0x54, 0x41, 0x02); /* cmp 2(%rcx,%rax,2),%dx */
		none = emit_jump(e, JZ);
	}
	emit_c_call(e, stub, stub->threads ? kview_run_calls_threads : kview_run_calls);
	emit_others_label(e, beyond);
	emit_others_label(e, none);
}

static bool sees_all_entries(const struct kview_stub *stub)
{
	u32 i;

	for (i = 0; i < stub->count; i++) {
		if (stub->role == KVIEW_ROLE_SYSCALL_ENTER && stub->hooks[i]->enters)
			return true;
	}
	return false;
}

void emit_syscall_seen(struct code *code)
{
	if (sees_all_entries(code->stub))
		emit_settled(&code->e, 1);
}

/* %r11 = current->stack */
static void emit_load_stack(struct emitter *e)
{
	EMIT(e, 0x65, 0x4c, 0x8b, 0x1c, 0x25); /* mov %gs:current,%r11 */
	emit_u32(e, KVIEW_GS_CURRENT);
	EMIT(e, 0x4d, 0x8b, 0x9b); /* mov stack(%r11),%r11 */
	emit_u32(e, offsetof(struct task_struct, stack));
}

size_t emit_if_dispatched(struct emitter *e)
{
	emit_load_stack(e);
	EMIT(e, 0x41, 0x81, 0xbb); /* cmpl $DISPATCHED_MAX,task_pt_regs(current)->orig_ax */
	emit_u32(e, THREAD_SIZE - TOP_OF_KERNEL_STACK_PADDING - sizeof(struct pt_regs) + offsetof(struct pt_regs, orig_ax));
	emit_u32(e, DISPATCHED_MAX);
	return emit_jump(e, JB);
}

size_t emit_settle_dispatched(struct emitter *e)
{
	size_t late;

	EMIT(e, 0x81, 0x7f, offsetof(struct pt_regs, orig_ax)); /* cmpl $DISPATCHED_MAX,orig_ax(%rdi) */
	emit_u32(e, DISPATCHED_MAX);
	late = emit_jump(e, JNC);
	emit_load_stack(e);
	EMIT(e, 0x49, 0xc7, 0x43, sizeof(unsigned long), 0, 0, 0, 0); /* movq $0,8(%r11): *kview_call_settled(current) */
	return late;
}
