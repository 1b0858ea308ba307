/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records programs send through ring buffers and perf buffers, as they come. */
#ifndef KVIEW_CLI_RECORDS_H
#define KVIEW_CLI_RECORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <bpf/libbpf.h>

#include "loop.h"

struct records;

/*
 * Read all buffers of the loaded object @obj and print each record to @out: its fields where the object tells its type,
 * else its size and bytes. The type is a structure of the record's size that a global pointer points to (the idiom
 * `struct event *unused`), or whose name ends in event or record.
 */
int records_open(const struct bpf_object *obj, FILE *out, bool json, struct records **ret_records);
void records_close(struct records *records);
DEFINE_CLEANUP(struct records *, records_close)

int records_watch(struct records *records, struct loop *loop);

/* Print what has not been printed yet. */
void records_drain(struct records *records);

/* Records perf buffers had no room for; what ring buffers lose only their programs know. */
uint64_t records_lost(const struct records *records);

#endif /* KVIEW_CLI_RECORDS_H */
