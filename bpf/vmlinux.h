/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types our BPF programs use, in place of the 100,000 lines that bpftool would write. Fields are found
 * by name when a program is loaded (CO-RE), so only those that are used are here, in any order.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

/* bpf_tracing.h looks for the macro above and then uses the kernel's names of the registers, as below. */

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

enum {
	false = 0,
	true = 1,
};

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_F_MMAPABLE = 1 << 10,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

/* Context of raw tracepoints. */
struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Context of kprobes. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};

/* Contexts of tracepoint/syscalls/. */
struct trace_entry {
	unsigned short type;
	unsigned char flags;
	unsigned char preempt_count;
	int pid;
};

struct trace_event_raw_sys_enter {
	struct trace_entry ent;
	long id;
	unsigned long args[6];
};

struct trace_event_raw_sys_exit {
	struct trace_entry ent;
	long id;
	long ret;
};

struct thread_info {
	unsigned long flags; /* TIF_SIGPENDING and the like */
	__u32 status;	     /* TS_COMPAT and the like */
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct pid {
	unsigned int level;
};

struct task_struct {
	int tgid;
	struct pid *thread_pid;
	struct task_struct *group_leader;
	struct thread_info thread_info;
	unsigned int __state;
	int pid;
	__u32 self_exec_id;
	__u64 start_time;
	__u64 start_boottime;
	struct sched_entity se;
};

#pragma clang attribute pop

#endif /* __VMLINUX_H__ */
