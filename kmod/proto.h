/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's own type information (BTF) says about a function's arguments: how many words they make and where each
 * lies under the x86-64 calling convention.
 *
 * A stub that stays on the stack while its function runs has to hand stack arguments on, and a program of type tracing
 * gets all arguments as an array of words.
 */
#ifndef KVIEW_PROTO_H
#define KVIEW_PROTO_H

#include <linux/types.h>

struct btf;
struct btf_type;

#define KVIEW_PROTO_WORDS 32   /* more than any function of a stock kernel has */
#define KVIEW_PROTO_REGISTERS 6 /* rdi, rsi, rdx, rcx, r8, r9 */

struct kview_proto {
	u8 words;			/* of all arguments; a struct of 16 bytes makes two */
	u8 stack_words;			/* how many of them the caller put on the stack */
	u8 place[KVIEW_PROTO_WORDS];	/* of each word: number of its register, or KVIEW_PROTO_REGISTERS + its place on the stack */
};

/* @type: a prototype (BTF_KIND_FUNC_PROTO) of @btf. -EOPNOTSUPP: it has arguments of unknown layout. */
int kview_proto_read(const struct btf *btf, const struct btf_type *type, struct kview_proto *ret_proto);

/*
 * The function named @name of the kernel proper. -ENOENT: not described, or differently in several places;
 * -EOPNOTSUPP as above; -ENOMEM. Sleeps.
 */
int kview_proto_find(const char *name, struct kview_proto *ret_proto);

void kview_proto_exit(void);

#endif
