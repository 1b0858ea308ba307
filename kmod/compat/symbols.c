// SPDX-License-Identifier: GPL-2.0-only
#include "compat/symbols.h"


#include <linux/kprobes.h>
#include <linux/printk.h>

#include "compat/execmem.h"

#define X(name, ret, args) DEFINE_STATIC_CALL_NULL(kview_##name, kview_##name##_fn);
KVIEW_FUNCTIONS(X)
#undef X

struct kview_symbols kview_symbols __ro_after_init;

/*
 * The address of the one function that finds all others. A kprobe knows it; on IBT builds the probe sits behind the
 * 4-byte endbr, so the start is looked up below by what kallsyms itself says.
 */
static unsigned long find_lookup_function(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long addr;

	if (register_kprobe(&probe) < 0)
		return 0;
	addr = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return addr;
}

static unsigned long lookup(const char *name)
{
	unsigned long addr = kview_call(kallsyms_lookup_name)(name);

	if (!addr)
		pr_err("this kernel has no symbol %s\n", name);
	return addr;
}

static int lookup_functions(void)
{
	unsigned long addr;

#define X(name, ret, args)                                                                                             \
	addr = lookup(#name);                                                                                          \
	if (!addr)                                                                                                     \
		return -EOPNOTSUPP;                                                                                    \
	static_call_update(kview_##name, (kview_##name##_fn *)addr);
	KVIEW_FUNCTIONS(X)
#undef X
	return kview_execmem_init(lookup);
}

static int lookup_data(void)
{
#define X(name, type)                                                                                                  \
	kview_symbols.name = (type *)lookup(#name);                                                                    \
	if (!kview_symbols.name)                                                                                       \
		return -EOPNOTSUPP;
	KVIEW_VARIABLES(X)
#undef X
#define X(name)                                                                                                        \
	kview_symbols.name = lookup(#name);                                                                            \
	if (!kview_symbols.name)                                                                                       \
		return -EOPNOTSUPP;
	KVIEW_ADDRESSES(X)
#undef X
	kview_symbols.ia32_sys_call = kview_call(kallsyms_lookup_name)("ia32_sys_call");
	kview_symbols.x32_sys_call = kview_call(kallsyms_lookup_name)("x32_sys_call");
	kview_symbols.__secure_computing = kview_call(kallsyms_lookup_name)("__secure_computing");
	kview_symbols.perf_trace_run_bpf_submit = kview_call(kallsyms_lookup_name)("perf_trace_run_bpf_submit");
	return 0;
}

int kview_symbols_init(void)
{
	unsigned long addr = find_lookup_function();
	int err;

	if (!addr) {
		pr_err("kprobes do not work on this kernel\n");
		return -EOPNOTSUPP;
	}
	static_call_update(kview_kallsyms_lookup_name, (kview_kallsyms_lookup_name_fn *)addr);
	err = lookup_functions();
	if (err)
		return err;
	return lookup_data();
}
