/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a program reads into its context. */
#ifndef KVIEW_CONTEXT_H
#define KVIEW_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

/* The end, in bytes, of the furthest read through the context pointer that can be seen in these instructions. */
int kview_context_reach(const struct bpf_insn *insns, size_t count, uint32_t *ret_end);

#endif /* KVIEW_CONTEXT_H */
