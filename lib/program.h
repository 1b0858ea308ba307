/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of a loaded program. */
#ifndef KVIEW_PROGRAM_H
#define KVIEW_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;
struct bpf_prog_info;

int kview_program_info(int fd, struct bpf_prog_info *ret_info); /* -EBADF: not a program */

/* Its instructions as the kernel runs them, the caller's to free. */
int kview_program_insns(int fd, struct bpf_insn **ret_insns, size_t *ret_count);

/* Was this program of type kprobe loaded for another attach type than a plain kprobe? */
bool kview_program_is_multi(int fd);

/* tracing.c: the one function or tracepoint a program of type tracing was loaded for. */
struct kview_tracing {
	int btf_fd;	/* type information of the module it lives in; -1: of the kernel itself */
	uint32_t btf_id; /* of it there */
	char *name;
};

/* -ENOTSUP: it was loaded for another BPF program. */
int kview_tracing_read(int prog_fd, struct kview_tracing *ret_tracing);
void kview_tracing_deinit(struct kview_tracing *tracing);

#endif /* KVIEW_PROGRAM_H */
