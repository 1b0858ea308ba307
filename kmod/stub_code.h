/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine code of a stub. */
#ifndef KVIEW_STUB_CODE_H
#define KVIEW_STUB_CODE_H

#include <linux/types.h>

struct kview_stub;

/*
 * Write the code of @stub to @buffer as it will run at @stub->code, ending in a jump to @chain (0: a return); returns its
 * size. Without @buffer: only the size, which @chain being 0 or not may change, but not its value. @ret_resume: offset of
 * where the function returns to, 0 if it does not return to the stub.
 */
size_t kview_stub_code(const struct kview_stub *stub, u8 *buffer, unsigned long chain, size_t *ret_resume);

#define KVIEW_RECORD_EXTRA 3 /* words of a trace record besides the arguments: function, number of words; result */

#endif
