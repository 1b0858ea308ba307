/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A view that counts the calls of getppid() its members make. */
#ifndef TESTS_VM_WATCH_H
#define TESTS_VM_WATCH_H

#include <stdint.h>

#include "programs.h"

#define WATCH_FUNCTION "__x64_sys_getppid"

extern struct watch {
	int view, link;
	struct counter counter;
} watch;

/* Nobody is a member yet. Ends with the process. */
void watch_new(void);

/* So many calls were counted since the last time. */
void watch_expect(uint64_t calls);

uint32_t watch_members(void);

#endif
