/* SPDX-License-Identifier: GPL-2.0-only */
/* __free(kview_kvfree): __free(kvfree) since Linux kernel commit a67d74a4b163 (in v6.10), under a name both can have. */
#ifndef KVIEW_COMPAT_CLEANUP_H
#define KVIEW_COMPAT_CLEANUP_H

#include <linux/cleanup.h>
#include <linux/mm.h>

DEFINE_FREE(kview_kvfree, void *, kvfree(_T))

#endif
