// SPDX-License-Identifier: GPL-2.0-only
#include "hook_code.h"

#include <linux/filter.h>

#include "compat/multi.h"
#include "compat/symbols.h"
#include "frame_code.h"
#include "link.h"
#include "multi.h"
#include "program_code.h"
#include "run.h"

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
	emit_context_set(e);
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
	emit_context_set(e);
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

void emit_session_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook,
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

void emit_probe_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u64 *cookie)
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

void emit_trace_program(struct emitter *e, const struct kview_stub *stub, const struct kview_hook *hook, u64 *cookie)
{
	size_t busy, done;

	emit_hook_cookie(e, hook, cookie);
	emit_active(e, hook);
	EMIT(e, 0x65, 0xff, 0x00);	 /* incl %gs:(%rax) */
	EMIT(e, 0x65, 0x83, 0x38, 0x01); /* cmpl $1,%gs:(%rax) */
	busy = emit_jump(e, JNZ);
	emit_lea(e, RDI, record_slot(stub, 0));
	emit_call(e, hook->link->prog->bpf_func);
	emit_count(e, hook);
	done = emit_jump_always(e);
	emit_label(e, busy);
	emit_mov(e, RDI, (u64)hook);
	emit_call(e, kview_run_missed_one);
	emit_label(e, done);
	emit_active_leave(e, hook);
}
