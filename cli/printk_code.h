/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel put the code of an object's programs. */
#ifndef KVIEW_CLI_PRINTK_CODE_H
#define KVIEW_CLI_PRINTK_CODE_H

#include <stddef.h>
#include <stdint.h>

#include <bpf/libbpf.h>

#include "util/cleanup.h"

/* Numbers of chunks: addresses divided by PRINTK_CHUNK. */
struct printk_code {
	uint64_t *chunks;
	size_t count;
};

void printk_code_deinit(struct printk_code *code);

/* -EACCES: the kernel does not say. Free with printk_code_deinit(). */
int printk_code_read(const struct bpf_object *obj, struct printk_code *ret_code);

#endif /* KVIEW_CLI_PRINTK_CODE_H */
