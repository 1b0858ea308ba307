// SPDX-License-Identifier: GPL-2.0-only
#include "compat/execmem.h"

DEFINE_STATIC_CALL_NULL(kview_execmem_alloc, kview_execmem_alloc_fn);
DEFINE_STATIC_CALL_NULL(kview_execmem_free, kview_execmem_free_fn);

int kview_execmem_init(unsigned long (*lookup)(const char *name))
{
	unsigned long alloc = lookup(KVIEW_EXECMEM_ALLOC);
	unsigned long free = lookup(KVIEW_EXECMEM_FREE);

	if (!alloc || !free)
		return -EOPNOTSUPP;
	static_call_update(kview_execmem_alloc, (kview_execmem_alloc_fn *)alloc);
	static_call_update(kview_execmem_free, (kview_execmem_free_fn *)free);
	return 0;
}
