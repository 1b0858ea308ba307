// SPDX-License-Identifier: GPL-2.0-only
#include "hook.h"

#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>

#include "compat/symbols.h"
#include "link.h"
#include "proto.h"
#include "record.h"
#include "tracepoint.h"

#define RAW_SYSCALLS "raw_syscalls/" /* the category of events on all system calls */
#define ENDBR_SIZE 4 /* before the ftrace nop, on kernels built with CONFIG_X86_KERNEL_IBT */

struct matches {
	unsigned long addr;
	unsigned int count;
};

static int refuse(int err, u32 reason, u32 *why)
{
	*why = reason;
	return err;
}

static bool in_text(unsigned long addr)
{
	return addr >= kview_symbols._stext && addr < kview_symbols._etext;
}

static bool in_modules(unsigned long addr)
{
	return addr >= MODULES_VADDR && addr < MODULES_END;
}

/* Aliases share an address and count once. */
static int count_match(void *data, unsigned long addr)
{
	struct matches *matches = data;

	if (in_text(addr) && addr != matches->addr) {
		matches->addr = addr;
		matches->count++;
	}
	return 0;
}

static int find_symbol(const char *name, unsigned long *ret_addr, u32 *why)
{
	struct matches matches = {};

	kview_call(kallsyms_on_each_match_symbol)(count_match, name, &matches);
	if (matches.count > 1)
		return refuse(-ENOTUNIQ, KVIEW_WHY_AMBIGUOUS, why);
	if (!matches.count) {
		if (in_modules(kview_call(kallsyms_lookup_name)(name)))
			return refuse(-EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT, why);
		return refuse(-ENOENT, KVIEW_WHY_NO_SYMBOL, why);
	}
	*ret_addr = matches.addr;
	return 0;
}

/* The patchable bytes of the function that starts at @addr. */
static int find_entry(unsigned long addr, unsigned long *ret_site, u32 *why)
{
	unsigned long site, size, offset;

	if (in_modules(addr))
		return refuse(-EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT, why);
	if (!in_text(addr))
		return refuse(-EINVAL, KVIEW_WHY_NOT_TEXT, why);
	if (!kview_call(kallsyms_lookup_size_offset)(addr, &size, &offset) || offset)
		return refuse(-EINVAL, KVIEW_WHY_NOT_ENTRY, why);
	site = kview_call(ftrace_location)(addr);
	if (!site)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_NOT_TRACEABLE, why);
	if (site != addr && site != addr + ENDBR_SIZE)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_UNKNOWN_CODE, why);
	if (offset_in_page(site) + KVIEW_SITE_SIZE > PAGE_SIZE)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_CROSSES_PAGE, why);
	*ret_site = site;
	return 0;
}

/* Other functions of the same name may have other arguments, and BTF knows functions by name alone. */
static bool is_only_one(const char *name)
{
	struct matches matches = {};

	kview_call(kallsyms_on_each_match_symbol)(count_match, name, &matches);
	return matches.count == 1;
}

/* @name may be an alias BTF does not know; the symbol kallsyms shows for the address is the other one to ask for. */
static int find_proto(const char *name, unsigned long addr, struct kview_proto *ret_proto, u32 *why)
{
	char symbol[KSYM_SYMBOL_LEN];
	int err = -ENOENT;

	sprint_symbol_no_offset(symbol, addr);
	if (name)
		err = kview_proto_find(name, ret_proto);
	if (err == -ENOENT && is_only_one(symbol))
		err = kview_proto_find(symbol, ret_proto);
	if (err == -ENOENT || err == -EOPNOTSUPP)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_NO_PROTOTYPE, why);
	return err;
}

static int resolve_entry(struct kview_hook *hook, const char *name, unsigned long addr, u32 *why)
{
	unsigned long site;
	int err = name ? find_symbol(name, &addr, why) : 0;

	if (!err)
		err = find_entry(addr, &site, why);
	if (err)
		return err;
	hook->addr = addr;
	hook->site = site;
	/* As the kernel's own kprobe on a function's entry looks while its handlers run. */
	hook->probe.addr = (kprobe_opcode_t *)site;
	hook->probe.flags = KPROBE_FLAG_ON_FUNC_ENTRY | KPROBE_FLAG_FTRACE;
	return 0;
}

/* A stub that waits for the function's return stands between it and its arguments on the stack. */
static int resolve_return(struct kview_hook *hook, const char *name, unsigned long addr, u32 *why)
{
	struct kview_proto proto;
	int err = resolve_entry(hook, name, addr, why);

	if (!err)
		err = find_proto(name, hook->addr, &proto, why);
	if (err)
		return err;
	hook->stack_words = proto.stack_words;
	return 0;
}

static struct syscall_metadata *syscall_metadata(u64 number)
{
	struct syscall_metadata **table = *kview_symbols.syscalls_metadata;

	return table && number < NR_syscalls ? table[number] : NULL;
}

/* Where else than in x64_sys_call() entries of calls are seen; those the kernel does not have are left out. */
static unsigned long enter_function(u32 index)
{
	const unsigned long functions[] = { kview_symbols.syscall_exit_to_user_mode_prepare, kview_symbols.ia32_sys_call,
					    kview_symbols.x32_sys_call, kview_symbols.__secure_computing };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		if (functions[i] && !index--)
			return functions[i];
	}
	return 0;
}

static int check_enter_functions(u32 *why)
{
	unsigned long site;
	u32 i;

	for (i = 0; enter_function(i); i++) {
		if (find_entry(enter_function(i), &site, why))
			return refuse(-EOPNOTSUPP, KVIEW_WHY_NO_SYSCALL_SITE, why);
	}
	return 0;
}

static int resolve_syscall(struct kview_hook *hook, bool enter, u64 number, u32 *why)
{
	unsigned long site;
	int err;

	if (number != KVIEW_NUMBER_ALL && !syscall_metadata(number))
		return refuse(-ENOENT, KVIEW_WHY_NO_SUCH_SYSCALL, why);
	err = find_entry(enter ? kview_symbols.x64_sys_call : kview_symbols.syscall_exit_to_user_mode_prepare, &site, why);
	if (err)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_NO_SYSCALL_SITE, why);
	hook->number = number;
	hook->site = site;
	/* The kernel's per-call tracepoints ignore 32-bit calls (ARCH_TRACE_IGNORE_COMPAT_SYSCALLS), those for all do not. */
	hook->enters = enter && number == KVIEW_NUMBER_ALL;
	return hook->enters ? check_enter_functions(why) : 0;
}

/* Tracepoints whose own places would have to be switched on for the whole machine. */
static bool is_all_calls(const char *name)
{
	return !strcmp(name, "sys_enter") || !strcmp(name, "sys_exit");
}

static int resolve_tracepoint(struct kview_hook *hook, const char *name, u32 *why)
{
	if (!name)
		return refuse(-ENOENT, KVIEW_WHY_NO_TRACEPOINT, why);
	if (is_all_calls(name))
		return resolve_syscall(hook, !strcmp(name, "sys_enter"), KVIEW_NUMBER_ALL, why);
	return kview_tracepoint_find(name, why, &hook->tracepoint);
}

static int resolve_event(struct kview_hook *hook, const char *name, u32 *why)
{
	bool module = false;

	if (name && str_has_prefix(name, RAW_SYSCALLS) && is_all_calls(name + strlen(RAW_SYSCALLS)))
		return resolve_tracepoint(hook, name + strlen(RAW_SYSCALLS), why);
	hook->event = name ? kview_record_find(name, &module) : NULL;
	if (!hook->event)
		return refuse(-ENOENT, KVIEW_WHY_NO_TRACEPOINT, why);
	if (module)
		return refuse(-EOPNOTSUPP, KVIEW_WHY_MODULE_TEXT, why);
	return kview_tracepoint_get(hook->event->tp, why, &hook->tracepoint);
}

int kview_hook_resolve(struct kview_hook *hook, u32 kind, const char *name, u64 value, u32 *why)
{
	*why = KVIEW_WHY_NONE;
	switch (kind) {
	case KVIEW_HOOK_ENTRY:
		return resolve_entry(hook, name, value, why);
	case KVIEW_HOOK_RETURN:
	case KVIEW_HOOK_SESSION:
	case KVIEW_HOOK_FENTRY:
	case KVIEW_HOOK_FEXIT:
		return resolve_return(hook, name, value, why);
	case KVIEW_HOOK_TP_ENTER:
	case KVIEW_HOOK_TP_EXIT:
		if (value > KVIEW_SYSCALL_MAX && value != KVIEW_SYSCALL_ALL)
			return refuse(-ENOENT, KVIEW_WHY_NO_SUCH_SYSCALL, why);
		return resolve_syscall(hook, kind == KVIEW_HOOK_TP_ENTER, value, why);
	case KVIEW_HOOK_RAW_TP:
	case KVIEW_HOOK_BTF_TP:
		return resolve_tracepoint(hook, name, why);
	case KVIEW_HOOK_TP:
		return resolve_event(hook, name, why);
	default:
		return resolve_syscall(hook, kind == KVIEW_HOOK_RAW_ENTER, KVIEW_NUMBER_ALL, why);
	}
}

static unsigned long further_site(const struct kview_hook *hook, u32 index)
{
	unsigned long function = hook->enters ? enter_function(index) : 0;

	return function ? kview_call(ftrace_location)(function) : 0;
}

/* Where records of tracepoints end (record.h). 0: they go the usual way there. */
static unsigned long submit_site(void)
{
	unsigned long site;
	u32 why;

	if (!kview_symbols.perf_trace_run_bpf_submit || find_entry(kview_symbols.perf_trace_run_bpf_submit, &site, &why))
		return 0;
	return site;
}

/* The @index-th entry of a function that @hook needs patched, behind the places of its tracepoint; 0 past the last. */
static unsigned long entry_site(const struct kview_hook *hook, u32 index)
{
	if (hook->tracepoint)
		return hook->event && !index ? submit_site() : 0;
	return index ? further_site(hook, index - 1) : hook->site;
}

bool kview_hook_place(const struct kview_hook *hook, u32 index, struct kview_place *ret_place)
{
	u32 places = hook->tracepoint ? hook->tracepoint->count : 0;
	unsigned long site;

	if (index < places) {
		*ret_place = hook->tracepoint->places[index];
		return true;
	}
	site = entry_site(hook, index - places);
	if (!site)
		return false;
	*ret_place = (struct kview_place){
		.addr = site,
		.kind = KVIEW_PLACE_ENTRY,
		.size = KVIEW_SITE_SIZE,
	};
	return true;
}

u32 kview_hook_context_size(const struct kview_hook *hook, u32 kind)
{
	struct syscall_metadata *meta = syscall_metadata(hook->number);
	u32 fields = 16; /* trace_entry (8 bytes), then __syscall_nr and padding */

	if (hook->event)
		return kview_record_size(hook->event);
	if (hook->tracepoint)
		return hook->tracepoint->args * sizeof(u64);
	if (kview_link_prog_type(kind) == BPF_PROG_TYPE_RAW_TRACEPOINT)
		return 2 * sizeof(u64); /* the tracepoint's arguments, see bpf_probe_register() */
	/* The end of the last field, as trace_event_get_offsets() computes it. */
	if (kind == KVIEW_HOOK_TP_EXIT || (hook->number == KVIEW_NUMBER_ALL && !hook->enters))
		return fields + sizeof(long);
	if (hook->number == KVIEW_NUMBER_ALL)
		return fields + 6 * sizeof(long);
	if (!meta || !meta->nb_args)
		return 12;
	return fields + meta->nb_args * sizeof(long);
}

void kview_hook_counts(const struct kview_hook *hook, struct kview_counts *ret_sum)
{
	struct kview_counts sum = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct kview_counts *counts = per_cpu_ptr(hook->counts, cpu);

		sum.runs += READ_ONCE(counts->runs);
		sum.missed += READ_ONCE(counts->missed);
		sum.skipped += READ_ONCE(counts->skipped);
	}
	*ret_sum = sum;
}
