/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines that an object's programs print with bpf_printk(), as they come. */
#ifndef KVIEW_CLI_PRINTK_H
#define KVIEW_CLI_PRINTK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <bpf/libbpf.h>

#include "loop.h"

struct printk_stream;

/* Does some program of @obj print? */
bool printk_is_used(const struct bpf_object *obj);

/*
 * Print the lines of the programs of @obj, which is loaded, to @out: as text, or as JSON records. Where the kernel does
 * not say where their code is (kernel.kptr_restrict, no JIT), those of all programs on the machine.
 */
int printk_open(const struct bpf_object *obj, FILE *out, bool json, struct printk_stream **ret_printk);
void printk_close(struct printk_stream *printk);
DEFINE_CLEANUP(struct printk_stream *, printk_close)

/* Lines of all programs are shown. */
bool printk_of_everybody(const struct printk_stream *printk);

/* Lines tell the time since @ns of CLOCK_MONOTONIC. */
void printk_start(struct printk_stream *printk, uint64_t ns);

int printk_watch(struct printk_stream *printk, struct loop *loop);

/* Print what has not been printed yet. */
void printk_drain(struct printk_stream *printk);

/* Lines there was no room for. */
uint64_t printk_lost(const struct printk_stream *printk);

#endif /* KVIEW_CLI_PRINTK_H */
