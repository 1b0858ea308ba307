/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line printed with bpf_printk(), as printk.bpf.c writes it and printk.c reads it. */
#ifndef KVIEW_CLI_PRINTK_LINE_H
#define KVIEW_CLI_PRINTK_LINE_H

#include <linux/types.h>

#define PRINTK_COMM_LEN 16   /* TASK_COMM_LEN */
#define PRINTK_TEXT_LEN 1024 /* MAX_BPRINTF_BUF since Linux v6.2; BPF_TRACE_PRINTK_SIZE before */

/*
 * The kernel packs compiled programs in chunks of this many bytes or larger ones.
 * Since Linux kernel commit 57631054fae6 ("bpf: Introduce bpf_prog_pack allocator") (in v5.18); a page before.
 */
#define PRINTK_CHUNK 64

struct printk_line {
	__u64 ns; /* CLOCK_MONOTONIC */
	__u32 tgid;
	__u32 tid;
	char comm[PRINTK_COMM_LEN];
	char text[PRINTK_TEXT_LEN];
};

_Static_assert(sizeof(struct printk_line) == 1056, "no padding: the record leaves the kernel as it is");

#endif /* KVIEW_CLI_PRINTK_LINE_H */
