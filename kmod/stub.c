// SPDX-License-Identifier: GPL-2.0-only
#include "stub.h"

#include <linux/slab.h>

#include "arena.h"
#include "compat/symbols.h"
#include "emit.h"
#include "link.h"
#include "pin.h"
#include "proto.h"
#include "stub_code.h"
#include "trace_code.h"

/* @function may be one this kernel does not have. */
static bool stands_at(unsigned long site, unsigned long function)
{
	return function && site - function <= KVIEW_SITE_OFFSET_MAX;
}

static enum kview_role role_of(const struct kview_place *place)
{
	unsigned long site = place->addr;

	if (place->kind == KVIEW_PLACE_TRACE)
		return KVIEW_ROLE_TRACE;
	if (stands_at(site, kview_symbols.syscall_exit_to_user_mode_prepare))
		return KVIEW_ROLE_SYSCALL_EXIT;
	if (stands_at(site, kview_symbols.x64_sys_call) || stands_at(site, kview_symbols.ia32_sys_call) ||
	    stands_at(site, kview_symbols.x32_sys_call))
		return KVIEW_ROLE_SYSCALL_ENTER;
	if (stands_at(site, kview_symbols.__secure_computing))
		return KVIEW_ROLE_SECCOMP;
	if (stands_at(site, kview_symbols.perf_trace_run_bpf_submit))
		return KVIEW_ROLE_SUBMIT;
	return KVIEW_ROLE_ENTRY;
}

/* The group a hook belongs to; sessions also belong to KVIEW_RETURNS. */
static enum kview_group group_of(const struct kview_hook *hook, enum kview_role role)
{
	if (hook->enters && role == KVIEW_ROLE_SYSCALL_EXIT)
		return KVIEW_LATE;
	if (hook->enters && role == KVIEW_ROLE_SECCOMP)
		return KVIEW_DENIALS;
	if (hook->event && role == KVIEW_ROLE_SUBMIT)
		return KVIEW_SUBMITS;
	switch (hook->link->kind) {
	case KVIEW_HOOK_FENTRY:
		return KVIEW_TRACE_ENTRIES;
	case KVIEW_HOOK_RAW_ENTER:
	case KVIEW_HOOK_RAW_EXIT:
	case KVIEW_HOOK_RAW_TP:
	case KVIEW_HOOK_BTF_TP:
		return KVIEW_RAWS;
	case KVIEW_HOOK_TP_ENTER:
	case KVIEW_HOOK_TP_EXIT:
	case KVIEW_HOOK_TP:
		return KVIEW_CALLS;
	case KVIEW_HOOK_RETURN:
		return KVIEW_RETURNS;
	case KVIEW_HOOK_FEXIT:
		return KVIEW_TRACE_RETURNS;
	default:
		return KVIEW_ENTRIES;
	}
}

static bool is_session(const struct kview_hook *hook)
{
	return hook->link->kind == KVIEW_HOOK_SESSION;
}

static bool belongs_to(const struct kview_hook *hook, enum kview_role role, enum kview_group group)
{
	return group_of(hook, role) == group || (group == KVIEW_RETURNS && is_session(hook));
}

static u32 count_sessions(const struct kview_use *uses, u32 count)
{
	u32 i, sessions = 0;

	for (i = 0; i < count; i++)
		sessions += is_session(uses[i].hook);
	return sessions;
}

/* Are all uses for the same threads, and does the module itself want nothing here? */
static bool is_uniform(const struct kview_stub *stub, const struct kview_use *uses, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (uses[i].threads != uses[0].threads)
			return false;
	}
	return count && (!uses[0].threads || !stub->pin);
}

/* Room for what group_hooks() writes, unless one test at the begin serves all. */
static int tell_threads_apart(struct kview_stub *stub, const struct kview_use *uses, u32 count)
{
	u32 i;

	if (is_uniform(stub, uses, count)) {
		stub->only = kview_threads_get(uses[0].threads);
		return 0;
	}
	for (i = 0; i < count && !uses[i].threads; i++)
		;
	if (i == count)
		return 0;
	stub->threads = kcalloc(count + stub->sessions, sizeof(*stub->threads), GFP_KERNEL);
	return stub->threads ? 0 : -ENOMEM;
}

/* Sort @uses[@count] into groups, each in the order given, and hold their links and threads. */
static void group_hooks(struct kview_stub *stub, const struct kview_use *uses, u32 count)
{
	enum kview_group group;
	u32 i, next = 0;

	for (group = 0; group < KVIEW_GROUPS; group++) {
		stub->group[group] = next;
		for (i = 0; i < count; i++) {
			if (!belongs_to(uses[i].hook, stub->role, group))
				continue;
			kview_link_get(uses[i].hook->link);
			if (stub->threads)
				stub->threads[next] = kview_threads_get(uses[i].threads);
			stub->hooks[next++] = uses[i].hook;
		}
	}
	stub->group[KVIEW_GROUPS] = next;
	stub->count = next;
}

/* The hooks of system calls. Stable, so that programs of one system call keep the order they were attached in. */
static void sort_by_number(struct kview_stub *stub)
{
	u32 i, j, first = stub->group[KVIEW_CALLS];

	for (i = first + 1; i < stub->group[KVIEW_CALLS + 1]; i++) {
		for (j = i; j > first && stub->hooks[j - 1]->number > stub->hooks[j]->number; j--) {
			swap(stub->hooks[j - 1], stub->hooks[j]);
			if (stub->threads)
				swap(stub->threads[j - 1], stub->threads[j]);
		}
	}
}

static int index_calls(struct kview_stub *stub)
{
	u32 next = stub->group[KVIEW_CALLS], end = stub->group[KVIEW_CALLS + 1], number;

	stub->first = kmalloc_array(KVIEW_SYSCALL_MAX + 2, sizeof(*stub->first), GFP_KERNEL);
	if (!stub->first)
		return -ENOMEM;
	for (number = 0; number <= KVIEW_SYSCALL_MAX + 1; number++) {
		while (next < end && stub->hooks[next]->number < number)
			next++;
		stub->first[number] = next;
	}
	return 0;
}

/* What the hooks want together, and how large what lasts as long as the function is (see stub_code.c). */
static void measure(struct kview_stub *stub)
{
	u32 i;

	for (i = 0; i < stub->count; i++) {
		const struct kview_hook *hook = stub->hooks[i];

		if (hook->link->proto) {
			stub->proto = hook->link->proto;
			stub->function = hook->addr;
		}
		stub->interrupts |= hook->link->interrupts;
		stub->stack_words = max_t(u32, stub->stack_words, hook->stack_words);
	}
	if (stub->proto)
		stub->area = KVIEW_RECORD_EXTRA + stub->proto->words;
	if (stub->sessions)
		stub->area += 1 + stub->sessions;
}

static size_t write_code(struct kview_stub *stub, u8 *buffer, unsigned long chain)
{
	if (stub->role == KVIEW_ROLE_TRACE)
		return kview_trace_code(stub, buffer);
	return kview_stub_code(stub, buffer, chain, &stub->resume);
}

static int fill(struct kview_stub *stub, const struct kview_use *uses, u32 count)
{
	int err = tell_threads_apart(stub, uses, count);

	if (err)
		return err;
	group_hooks(stub, uses, count);
	measure(stub);
	if (stub->role != KVIEW_ROLE_TRACE && kview_group_count(stub, KVIEW_CALLS)) {
		sort_by_number(stub);
		err = index_calls(stub);
		if (err)
			return err;
	}
	stub->size = max(write_code(stub, NULL, 0), write_code(stub, NULL, stub->site)); /* without and with a chain */
	if (stub->size > KVIEW_ARENA_MAX)
		return -E2BIG;
	stub->code = kview_arena_alloc(stub->size);
	return stub->code ? 0 : -ENOMEM;
}

int kview_stub_new(const struct kview_place *place, const struct kview_use *uses, u32 count, struct kview_stub **ret_stub)
{
	u32 sessions = count_sessions(uses, count);
	struct kview_stub *stub;
	int err;

	if (count > U16_MAX || sessions > KVIEW_SESSIONS_MAX)
		return -E2BIG;
	stub = kzalloc(struct_size(stub, hooks, count + sessions), GFP_KERNEL);
	if (!stub)
		return -ENOMEM;
	stub->place = *place;
	stub->site = place->addr;
	stub->role = role_of(place);
	stub->pin = kview_pin_at(place->addr);
	stub->sessions = sessions;
	err = fill(stub, uses, count);
	if (err) {
		/* Nothing was written to the memory, so no poison is needed; but the order of locks is the same. */
		kview_stub_free(stub);
		return err;
	}
	*ret_stub = stub;
	return 0;
}

void kview_stub_emit(struct kview_stub *stub, unsigned long chain, void *buffer)
{
	size_t size = write_code(stub, buffer, chain);

	WARN_ON_ONCE(size > stub->size);
	stub->chain = chain;
	kview_arena_write(stub->code, buffer, size);
}

void kview_stub_free(struct kview_stub *stub)
{
	u32 i;

	if (!stub)
		return;
	kview_arena_free(stub->code, stub->size);
	for (i = 0; i < stub->count; i++) {
		kview_link_put(stub->hooks[i]->link);
		if (stub->threads)
			kview_threads_put(stub->threads[i]);
	}
	kview_threads_put(stub->only);
	kfree(stub->threads);
	kfree(stub->first);
	kfree(stub);
}

void kview_stub_patch(const struct kview_stub *stub, u8 *patch)
{
	/* One instruction of the length of the load it replaces, so that all text decodes as before: prefixes pad it. */
	static const u8 jump[] = { 0x2e, 0x48, JMP_OPCODE }, call[] = { CALL_OPCODE };
	s32 distance = (unsigned long)stub->code - (stub->site + stub->place.size);

	if (stub->role == KVIEW_ROLE_TRACE)
		memcpy(patch, jump, sizeof(jump));
	else
		memcpy(patch, call, sizeof(call));
	memcpy(patch + stub->place.size - sizeof(distance), &distance, sizeof(distance));
}

bool kview_site_decode(unsigned long site, const u8 code[KVIEW_SITE_SIZE], unsigned long *ret_chain)
{
	static const u8 nop[KVIEW_SITE_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	s32 distance;

	if (!memcmp(code, nop, sizeof(nop))) {
		*ret_chain = 0;
		return true;
	}
	if (code[0] != CALL_OPCODE)
		return false;
	memcpy(&distance, code + 1, sizeof(distance));
	*ret_chain = site + KVIEW_SITE_SIZE + distance;
	return true;
}
