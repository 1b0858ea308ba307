/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KVIEW_CLI_RECORD_TYPE_H
#define KVIEW_CLI_RECORD_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>

/* The BTF type of records of @size bytes, as records.h explains; 0 when it cannot be told. */
uint32_t record_type(const struct btf *btf, size_t size);

#endif /* KVIEW_CLI_RECORD_TYPE_H */
