/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF programs that are attached, loaded as often as needed. */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bpf_program;
struct programs;

enum program {
	PROGRAM_EMPTY,
	PROGRAM_COUNT,	/* counts each process's events */
	PROGRAM_FILTER, /* does so for one process only */
	PROGRAMS,
};

/* @traced: the process PROGRAM_FILTER lets through. */
int programs_open(pid_t traced, struct programs **ret_programs);
void programs_close(struct programs *programs);

const char *program_name(enum program program);

/* Number of a function in the kernel's type information, for BPF_PROG_TYPE_TRACING. -EOPNOTSUPP: too many arguments. */
int programs_function_id(const struct programs *programs, const char *function);

/* Load it anew as a program of @type; returns its descriptor. */
int program_load(const struct programs *programs, enum program program, enum bpf_prog_type type, int function_id);

/* The same for kprobe.multi. */
int program_load_multi(const struct programs *programs, enum program program);

/*
 * The loaded program for the entry of system call @name (NULL: of all), PROGRAM_EMPTY or PROGRAM_COUNT. NULL when there
 * is none; @programs owns it.
 */
const struct bpf_program *program_for_syscall(const struct programs *programs, enum program program, const char *name);

#endif
