// SPDX-License-Identifier: GPL-2.0-or-later
/* Instructions come from a user's object. */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = size / sizeof(struct bpf_insn);
	struct bpf_insn *insns = calloc(count + 1, sizeof(*insns));
	uint32_t end;

	if (!insns)
		abort();
	memcpy(insns, data, count * sizeof(*insns));
	if (kview_context_reach(insns, count, &end) || end > INT16_MAX + sizeof(uint64_t))
		abort();
	free(insns);
	return 0;
}
