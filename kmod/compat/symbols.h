/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel facilities that are not exported.
 *
 * Functions are called through static calls: on kernels built with indirect branch tracking most of them carry a sealed
 * entry, and an indirect call to one of these panics ("Missing ENDBR"). Everything is resolved once at load; what is
 * missing makes the load fail with its name.
 */
#ifndef KVIEW_COMPAT_SYMBOLS_H
#define KVIEW_COMPAT_SYMBOLS_H

#include <linux/bpf.h>
#include <linux/cred.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/static_call.h>
#include <linux/task_work.h>
#include <trace/syscall.h>
#include <asm/insn.h>

struct cgroup;
struct cgroup_namespace;
struct ftrace_rec_iter;
struct super_block;

/* X(symbol, return type, parameters) */
#define KVIEW_FUNCTIONS(X)                                                                                             \
	X(kallsyms_lookup_name, unsigned long, (const char *name))                                                     \
	X(kallsyms_on_each_match_symbol, int,                                                                          \
	  (int (*fn)(void *data, unsigned long addr), const char *name, void *data))                                   \
	X(kallsyms_show_value, bool, (const struct cred *cred))                                                        \
	X(kallsyms_lookup_size_offset, int, (unsigned long addr, unsigned long *size, unsigned long *offset))          \
	X(flush_tlb_all, void, (void))                                                                                 \
	X(flush_tlb_mm_range, void,                                                                                    \
	  (struct mm_struct * mm, unsigned long start, unsigned long end, unsigned int stride, bool freed))           \
	X(set_memory_ro, int, (unsigned long addr, int pages))                                                         \
	X(set_memory_x, int, (unsigned long addr, int pages))                                                          \
	X(text_poke, void *, (void *addr, const void *opcode, size_t len))                                             \
	X(bpf_ksym_add, void, (struct bpf_ksym * ksym))                                                                \
	X(bpf_ksym_del, void, (struct bpf_ksym * ksym))                                                                \
	X(ftrace_location, unsigned long, (unsigned long ip))                                                          \
	X(ftrace_test_record, int, (struct dyn_ftrace * rec, bool enable))                                             \
	X(ftrace_rec_iter_start, struct ftrace_rec_iter *, (void))                                                     \
	X(ftrace_rec_iter_next, struct ftrace_rec_iter *, (struct ftrace_rec_iter * iter))                             \
	X(ftrace_rec_iter_record, struct dyn_ftrace *, (struct ftrace_rec_iter * iter))                                \
	X(ftrace_arch_code_modify_prepare, void, (void))                                                               \
	X(ftrace_arch_code_modify_post_process, void, (void))                                                          \
	X(pidfd_get_pid, struct pid *, (unsigned int fd, unsigned int *flags))                                         \
	X(task_call_func, int, (struct task_struct * task, int (*fn)(struct task_struct *task, void *data), void *data)) \
	X(put_task_stack, void, (struct task_struct * task))                                                           \
	X(bpf_get_btf_vmlinux, struct btf *, (void))                                                                   \
	X(btf_find_by_name_kind, s32, (const struct btf *btf, const char *name, u8 kind))                              \
	X(btf_nr_types, u32, (const struct btf *btf))                                                                  \
	X(btf_type_by_id, const struct btf_type *, (const struct btf *btf, u32 id))                                    \
	X(btf_name_by_offset, const char *, (const struct btf *btf, u32 offset))                                       \
	X(btf_type_skip_modifiers, const struct btf_type *, (const struct btf *btf, u32 id, u32 *ret_id)) \
	X(cgroup_attach_permissions, int,                                                                              \
	  (struct cgroup * from, struct cgroup *to, struct super_block *sb, bool threadgroup,                          \
	   struct cgroup_namespace *ns))                                                                               \
	X(task_work_add, int,                                                                                          \
	  (struct task_struct * task, struct callback_head *work, enum task_work_notify_mode notify)) \
	X(trace_event_get_offsets, int, (struct trace_event_call * call))                                              \
	X(bpf_prog_array_copy, int,                                                                                    \
	  (struct bpf_prog_array * old, struct bpf_prog *exclude, struct bpf_prog *include, u64 cookie,                \
	   struct bpf_prog_array **ret_array))                                                                         \
	X(bpf_prog_array_free, void, (struct bpf_prog_array * array))                                                  \
	X(perf_swevent_put_recursion_context, void, (int context))                                                     \
	X(jump_label_lock, void, (void))                                                                               \
	X(jump_label_unlock, void, (void))                                                                             \
	X(insn_decode, int, (struct insn * insn, const void *kaddr, int buf_len, enum insn_mode mode))                 \
	X(search_exception_tables, const struct exception_table_entry *, (unsigned long addr))                         \
	X(bpf_get_raw_tracepoint, struct bpf_raw_event_map *, (const char *name))                                      \
	X(bpf_put_raw_tracepoint, void, (struct bpf_raw_event_map * map))                                              \
	X(btf_resolve_size, const struct btf_type *,                                                                   \
	  (const struct btf *btf, const struct btf_type *type, u32 *size))

/* X(symbol, type): variables, reached through a pointer of the same name. */
#define KVIEW_VARIABLES(X)                                                                                             \
	X(text_mutex, struct mutex)                                                                                    \
	X(init_mm, struct mm_struct)                                                                                   \
	X(syscalls_metadata, struct syscall_metadata **)                                                               \
	X(x86_return_thunk, unsigned long)                                                                             \
	X(bpf_prog_fops, const struct file_operations)                                                                 \
	X(event_mutex, struct mutex)                                                                                   \
	X(ftrace_events, struct list_head)                                                                             \
	X(kprobes_all_disarmed, bool)

/* X(symbol): addresses in text that are only compared or patched; per-cpu symbols are offsets. */
#define KVIEW_ADDRESSES(X)                                                                                             \
	X(_stext)                                                                                                      \
	X(_etext)                                                                                                      \
	X(text_poke_memset)                                                                                            \
	X(x64_sys_call)                                                                                                \
	X(syscall_exit_to_user_mode_prepare)                                                                           \
	X(cpu_tlbstate)                                                                                                \
	X(bpf_prog_active)                                                                                             \
	X(current_kprobe)                                                                                              \
	X(__start___jump_table)                                                                                        \
	X(__stop___jump_table)                                                                                         \
	X(__start_static_call_sites)                                                                                   \
	X(__stop_static_call_sites)

#define X(name, ret, args) typedef ret kview_##name##_fn args; DECLARE_STATIC_CALL(kview_##name, kview_##name##_fn);
KVIEW_FUNCTIONS(X)
#undef X

struct kview_symbols {
#define X(name, type) type *name;
	KVIEW_VARIABLES(X)
#undef X
#define X(name) unsigned long name;
	KVIEW_ADDRESSES(X)
	/* These may be absent; 0 then. */
	X(ia32_sys_call)
	X(x32_sys_call)
	X(__secure_computing)
	X(perf_trace_run_bpf_submit)
#undef X
};

/* Written once by kview_symbols_init(), read-only afterwards. */
extern struct kview_symbols kview_symbols;

/* Call an unexported function: kview_call(text_poke)(addr, bytes, len). */
#define kview_call(name) static_call(kview_##name)

int kview_symbols_init(void);

#endif
