/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small BPF programs made of raw instructions, and the kernel's own ways of attaching them, to compare with. */
#ifndef TESTS_VM_PROGRAMS_H
#define TESTS_VM_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/bpf.h>

/* A program that counts how often it runs. */
struct counter {
	int prog;
	int map;
	volatile uint64_t *value;
};

struct counter counter_new(enum bpf_prog_type type);

/* One that counts only what process @tgid does. */
struct counter counter_of(enum bpf_prog_type type, pid_t tgid);

#define TRACE_KPROBE_SESSION 56 /* BPF_TRACE_KPROBE_SESSION, which headers of older kernels do not have */

/* One loaded for kprobe.multi (BPF_TRACE_KPROBE_MULTI) or kprobe.session (TRACE_KPROBE_SESSION). */
struct counter counter_multi(enum bpf_attach_type attach);

/* One for the entry (BPF_TRACE_FENTRY) or exit of @function, or the tracepoint @function (BPF_TRACE_RAW_TP). */
struct counter counter_tracing(enum bpf_attach_type attach, const char *function, pid_t tgid);

void counter_free(struct counter *counter);

/* A program that does nothing at all. */
int program_nothing(enum bpf_prog_type type);

/* A program of these instructions; the end of the case when it does not load. */
int program_load(enum bpf_prog_type type, const struct bpf_insn *insns, unsigned int count);

/*
 * The kernel's own attach points. Each returns a descriptor whose closing detaches; kprobes return a negative errno
 * where the kernel refuses the place.
 */
int kprobe_attach(int prog, const char *function, unsigned long offset, bool on_return);
int tracepoint_attach(int prog, const char *name); /* "syscalls/sys_enter_read" */
int raw_tracepoint_attach(int prog, const char *name);
int tracing_attach(int prog); /* fentry, fexit */

#define INSN(code_, dst_, src_, off_, imm_) \
	((struct bpf_insn){ .code = (code_), .dst_reg = (dst_), .src_reg = (src_), .off = (off_), .imm = (imm_) })
#define INSN_EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define INSN_MOV(dst_, imm_) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst_, 0, 0, imm_)
#define INSN_CALL(function_) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function_)

#endif
