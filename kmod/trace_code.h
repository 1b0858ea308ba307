/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine code of a tracepoint's stub. */
#ifndef KVIEW_TRACE_CODE_H
#define KVIEW_TRACE_CODE_H

#include <linux/types.h>

struct kview_stub;

/* Write the code of @stub to @buffer as it will run at @stub->code; returns its size. Without @buffer: only the size. */
size_t kview_trace_code(const struct kview_stub *stub, u8 *buffer);

#endif
