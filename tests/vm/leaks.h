/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's own leak detector says, on kernels that have it (see vm/debug.config). */
#ifndef TESTS_VM_LEAKS_H
#define TESTS_VM_LEAKS_H

#include <stdbool.h>

bool leaks_possible(void);

/* Look for memory nobody points to any more; the case ends if the module allocated any of it. Takes half a minute. */
void leaks_expect_none(void);

#endif
